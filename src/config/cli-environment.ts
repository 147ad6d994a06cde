import { z } from 'zod';
import { AppError } from '../common/app-error';

const http = z.string().refine((v) => URL.canParse(v) && /^https?:$/.test(new URL(v).protocol), {
  error: 'expected a URL starting with http:// or https://',
});

const schema = z.object({
  AUDIT_URL: http.optional(),
  AUDIT_API_KEY: z.string().min(1).optional(),
  AUDIT_DATA_DIR: z.string().min(1).default('./data'),
});

/** What the environment tells the command line: where the system is and with which key to speak to it. */
export interface CliEnvironment {
  /** Base URL of the API without a slash at the end; if absent, the system running on `dataDir` is meant. */
  url: string | undefined;
  apiKey: string | undefined;
  dataDir: string;
}

/** Reads the variables of the command line. Pure; throws AppError `CONFIG_INVALID`. Empty values count as absent. */
export function parseCliEnvironment(env: Record<string, string | undefined>): CliEnvironment {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((i) => ({ path: i.path.join('.'), message: i.message }));
    throw new AppError('CONFIG_INVALID', 500, 'the environment of the command line is not usable', { problems });
  }
  const { AUDIT_URL, AUDIT_API_KEY, AUDIT_DATA_DIR } = parsed.data;
  return { url: AUDIT_URL?.replace(/\/+$/, ''), apiKey: AUDIT_API_KEY, dataDir: AUDIT_DATA_DIR };
}

/** The variables of this process, for those who start it. */
export const processEnvironment = (): Record<string, string | undefined> => process.env;
