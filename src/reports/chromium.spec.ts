import { findChromium } from './chromium';

describe('findChromium', () => {
  it('takes the one that is configured, and no other', () => {
    expect(findChromium('/my/chrome', (path) => path === '/my/chrome')).toBe('/my/chrome');
    expect(() => findChromium('/my/chrome', (path) => path === '/usr/bin/chromium')).toThrow(/\/my\/chrome/);
  });

  it('looks in the usual places, and says what to do if it is in none', () => {
    expect(findChromium(undefined, (path) => path === '/usr/bin/google-chrome')).toBe('/usr/bin/google-chrome');
    expect(() => findChromium(undefined, () => false)).toThrow(/apt-get install chromium/);
  });
});
