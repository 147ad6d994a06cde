import { ACCESS_CHECKS } from './access-checks';
import type { Check } from './check';
import { CONSENT_CHECKS } from './consent-checks';
import { FINANCE_CHECKS } from './finance-checks';
import { PRIVACY_CHECKS } from './privacy-checks';
import { REGISTER_CHECKS } from './register-checks';
import { REQUEST_CHECKS } from './request-checks';
import { SYSTEM_CHECKS } from './system-checks';

export const CHECKS = {
  ...ACCESS_CHECKS,
  ...CONSENT_CHECKS,
  ...FINANCE_CHECKS,
  ...PRIVACY_CHECKS,
  ...REGISTER_CHECKS,
  ...REQUEST_CHECKS,
  ...SYSTEM_CHECKS,
} satisfies Record<string, Check>;
export type CheckId = keyof typeof CHECKS;
