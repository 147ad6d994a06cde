import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { AppError, FieldProblem } from '../common/app-error';
import { describeEnvironment } from './environment';

type Variables = Record<string, string | undefined>;

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const settings = z.record(
  z.string(),
  z.union([scalar, z.array(z.string()), z.record(z.string(), scalar)], {
    error: 'expected text, a number, true or false, a list of texts, or a group of those',
  }),
);

const RETENTION: Record<string, string> = {
  security_events: 'AUDIT_RETENTION_SECURITY_DAYS',
  compliance_events: 'AUDIT_RETENTION_COMPLIANCE_DAYS',
  financial_events: 'AUDIT_RETENTION_FINANCIAL_DAYS',
  user_actions: 'AUDIT_RETENTION_USER_ACTION_DAYS',
};

/**
 * What a settings file says, as variables. Pure. The file is a JSON object: each setting by its variable's name in lower
 * case without `audit_` (`"batch_size": 100`), plus the groups `retention_policy` and `smtp`.
 * @throws AppError CONFIG_INVALID naming every key that is not a setting
 */
export function settingsToVariables(content: unknown): Variables {
  const parsed = settings.safeParse(content);
  if (!parsed.success) throw invalid(parsed.error.issues.map((i) => ({ path: i.path.join('.'), message: i.message })));
  const known = new Set(describeEnvironment().map((setting) => setting.name));
  const problems: FieldProblem[] = [];
  const variables: Variables = {};
  const set = (path: string, variable: string, value: string) => {
    if (known.has(variable)) variables[variable] = value;
    else problems.push({ path, message: 'is not a setting of this system' });
  };
  for (const [key, value] of Object.entries(parsed.data)) {
    if (Array.isArray(value)) set(key, `AUDIT_${key.toUpperCase()}`, value.join(','));
    else if (typeof value !== 'object') set(key, `AUDIT_${key.toUpperCase()}`, String(value));
    else if (key === 'smtp') set(key, 'AUDIT_SMTP_URL', smtpUrl(value));
    else if (key === 'retention_policy') {
      for (const [name, days] of Object.entries(value)) set(`${key}.${name}`, RETENTION[name] ?? name, String(days));
    } else problems.push({ path: key, message: 'is not a group of settings; there are retention_policy and smtp' });
  }
  if (problems.length > 0) throw invalid(problems);
  return variables;
}

/** The variables of `env`, above those of the file that `AUDIT_CONFIG_FILE` names. */
export function withSettingsFile(env: Variables): Variables {
  const file = env.AUDIT_CONFIG_FILE;
  if (!file) return env;
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('CONFIG_INVALID', 500, `AUDIT_CONFIG_FILE: ${file} cannot be read as JSON: ${reason}`, {
      cause,
    });
  }
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  return { ...settingsToVariables(content), ...given };
}

function smtpUrl(smtp: Record<string, string | number | boolean>): string {
  const { host = 'localhost', port = 587, username, password, use_tls: tls = true } = smtp;
  const login =
    username === undefined
      ? ''
      : `${encodeURIComponent(String(username))}:${encodeURIComponent(String(password ?? ''))}@`;
  return `${tls && port === 465 ? 'smtps' : 'smtp'}://${login}${String(host)}:${port}${tls ? '' : '?ignoreTLS=true'}`;
}

function invalid(problems: FieldProblem[]): AppError {
  const lines = problems.map((p) => `  ${p.path}: ${p.message}`).join('\n');
  return new AppError('CONFIG_INVALID', 500, `the settings file has ${problems.length} fault(s):\n${lines}`, {
    problems,
  });
}
