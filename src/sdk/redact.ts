/** What is redacted. */
export interface RedactOptions {
  /** Names of members whose values are secret, beside the usual ones: text is compared without case, `-` and `_`. */
  keys?: readonly (string | RegExp)[];
  /** Parts of text that are secret, beside the usual ones; need the flag `g`. */
  values?: readonly RegExp[];
  /** Names that are not secret although they look so. */
  allow?: readonly string[];
}

export const REDACTED = '[redacted]';

const SECRET_NAME =
  /pass(?:word|wd|phrase|code)|^pwd$|secret|token|authorization|^auth$|cookie|apikey|accesskey|privatekey|signingkey|encryptionkey|credential|^pin$|^otp$|^mfa(?:code)?$|^totp|^cvv|^cvc|cardnumber|^pan$|^iban$|^ssn$|sessionkey|^jwt$|connectionstring|^dsn$/;
/** Names that would match, and say only how many or what kind. */
const HARMLESS_NAME = /(?:count|length|type|expiry|expires(?:at|in)?|limit|id)$/;

const SECRET_VALUES: readonly RegExp[] = [
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, // JSON Web Token
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /\b(?:Bearer|Basic) +[\w.~+/=-]{8,}/gi,
  /(?<=\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:)[^\s/@]+(?=@)/gi, // password in a URL
  /(?<=[?&](?:access_token|token|api_?key|key|sig|signature|password|secret|code)=)[^&\s#]+/gi,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\b(?:gh[pousr]|xox[abprs]|sk|rk|pk)[-_](?:live_|test_)?[A-Za-z0-9-]{16,}/g,
];
/** Only text with one of these can match any of the above; most text has none. */
const SUSPECT =
  /eyJ|-----|earer|asic|EARER|ASIC|:\/\/|[?&]|AKIA|ASIA|(?:gh[pousr]|xox[abprs]|[srp]k)[-_]|\d(?:[ -]?\d){12}/;
const CARD = /\b\d(?:[ -]?\d){12,18}\b/g;

/** How many names are remembered with the verdict on them. */
const REMEMBERED = 2000;

/** Finds secrets by the names that they stand under and by what they look like. */
export class Redactor {
  private readonly verdicts = new Map<string, boolean>();
  private readonly keys: readonly RegExp[];
  private readonly exact: ReadonlySet<string>;
  private readonly allowed: ReadonlySet<string>;
  private readonly values: readonly RegExp[];

  constructor(options: RedactOptions = {}) {
    const keys = options.keys ?? [];
    this.keys = keys.filter((key) => key instanceof RegExp);
    this.exact = new Set(keys.filter((key) => typeof key === 'string').map(plainName));
    this.allowed = new Set((options.allow ?? []).map(plainName));
    this.values = options.values ?? [];
  }

  /** Whether what stands under this name is secret. */
  hides(name: string): boolean {
    let verdict = this.verdicts.get(name);
    if (verdict === undefined) {
      verdict = this.judge(name);
      if (this.verdicts.size >= REMEMBERED) this.verdicts.clear();
      this.verdicts.set(name, verdict);
    }
    return verdict;
  }

  /** Text without the parts that look like secrets. */
  text(text: string): string {
    let clean = text;
    if (SUSPECT.test(text)) {
      for (const pattern of SECRET_VALUES) clean = clean.replace(pattern, REDACTED);
      clean = clean.replace(CARD, (digits) => (isCardNumber(digits) ? REDACTED : digits));
    }
    for (const pattern of this.values) clean = clean.replace(pattern, REDACTED);
    return clean;
  }

  /** Takes the secrets out of a value that is plain, as `plainCopy` makes it: in place, so it must belong to the caller. */
  clean(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) value[i] = this.clean(value[i]);
      return value;
    }
    const members = value as Record<string, unknown>;
    for (const name of Object.keys(members)) {
      const member = members[name];
      if (member !== null) members[name] = this.hides(name) ? REDACTED : this.clean(member);
    }
    return members;
  }

  private judge(name: string): boolean {
    const plain = plainName(name);
    if (this.allowed.has(plain)) return false;
    if (
      this.exact.has(plain) ||
      this.keys.some((key) => new RegExp(key.source, key.flags.replace(/[gy]/g, '')).test(name))
    )
      return true;
    return SECRET_NAME.test(plain) && !HARMLESS_NAME.test(plain);
  }
}

const plainName = (name: string) => name.replace(/[-_\s.]/g, '').toLowerCase();

/** By the check digit (Luhn). */
function isCardNumber(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0 && /[1-9]/.test(digits);
}
