import { AuditModule } from 'mcp-audit/sdk/nest';

/** Audit logging of this application, from its environment. */
export const auditing = AuditModule.forRootAsync({
  useFactory: () => ({
    url: process.env.AUDIT_URL ?? 'http://127.0.0.1:3000',
    apiKey: process.env.AUDIT_API_KEY ?? '',
    service: 'freight',
    // Events wait here while the audit system is away, also when this application is killed meanwhile.
    spool: { dir: process.env.FREIGHT_SPOOL_DIR ?? './data/freight-spool' },
    // Acts of these severities are refused if their event cannot be made durable.
    failClosed: ['high', 'critical'],
    maxRetryDelayMs: 5000,
    redact: { keys: ['taxNumber'] },
    http: { trustProxy: ['127.0.0.1'], recordDenied: true },
    onError: (error) => console.error(`audit: ${error.code} ${error.message}`),
  }),
});
