/** Something in a document that cannot be said here, or is wrong; the message is for whoever wrote it. */
export class SigmaFault extends Error {}

export const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
