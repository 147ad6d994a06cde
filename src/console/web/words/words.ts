import { Language, preferences } from '../preferences';

/** The same texts in every language of the console. A text with a number or a name in it is a function. */
export type Words<T> = Record<Language, T>;

/** The texts of one view; Portuguese must have every text that English has. */
export const defineWords = <T>(en: T, pt: NoInfer<T>): Words<T> => ({ en, pt });

/** The texts in the language that is chosen; the component is drawn again when the choice changes. */
export const wordsOf = <T>(words: Words<T>): T => words[preferences.value.language];
