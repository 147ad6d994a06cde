'use strict';
// Preloaded into a process, this lets its wall clock be stepped: on SIGUSR2 it moves by the ms that the file named by
// CHAOS_CLOCK_FILE says. Timers are not touched, as with a real step of the system's clock.
const { readFileSync } = require('node:fs');

const RealDate = Date;
let offset = 0;
const now = () => RealDate.now() + offset;

globalThis.Date = class Date extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(now());
    else super(...args);
  }
  static now() {
    return now();
  }
};

process.on('SIGUSR2', () => {
  offset = Number(readFileSync(process.env.CHAOS_CLOCK_FILE, 'utf8'));
});
