/** What an organisation decides by itself where the law gives no number. */
export interface CompliancePolicy {
  /** Records in one export from which on it is an exception. */
  largeExport: number;
  /** Days without an event after which a privileged account is dormant. */
  dormantDays: number;
  /** Days that a transaction may be booked back. */
  backdatedDays: number;
  /** Days that financial records have to be kept. */
  soxRetentionDays: number;
}
