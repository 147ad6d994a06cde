import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Files of the packages @fontsource/…: one weight each, in the alphabets that the font has. */
const FACES = ['ibm-plex-sans/400.css', 'ibm-plex-sans/600.css', 'ibm-plex-mono/400.css'];

let faces: string | undefined;

/**
 * CSS that brings the fonts `IBM Plex Sans` (400, 600) and `IBM Plex Mono` (400) as data, so that a document looks the same on every
 * machine and Chromium embeds them. Other scripts fall back to what the machine has.
 */
export function fontFaces(): string {
  faces ??= FACES.map((name) => {
    const file = require.resolve(`@fontsource/${name}`);
    return readFileSync(file, 'utf8').replace(/src: url\(([^)]+\.woff2)\)[^;]*;/g, (_, path: string) => {
      const font = readFileSync(join(dirname(file), path)).toString('base64');
      return `src: url(data:font/woff2;base64,${font}) format('woff2');`;
    });
  }).join('\n');
  return faces;
}
