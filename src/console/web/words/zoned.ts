/** Wall-clock times of a zone, in the form of inputs of type datetime-local: 2026-11-23T18:30. */

const parts = (at: number, zone: string): Record<string, string> =>
  Object.fromEntries(
    new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      hourCycle: 'h23',
      ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' },
    })
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );

export function wallTime(at: number, zone: string): string {
  const { year, month, day, hour, minute } = parts(at, zone);
  return `${year}-${month}-${day}T${hour}:${minute}`;
}

/** The instant, ms, at which clocks of the zone show `wall`; undefined for what is no time. Of two, the first. */
export function instantOf(wall: string, zone: string): number | undefined {
  const asUtc = Date.parse(`${wall.length === 10 ? `${wall}T00:00` : wall}Z`);
  if (Number.isNaN(asUtc)) return undefined;
  // The offset is that of the instant sought, which lies within a day of the guess.
  const offsets = [asUtc - 86_400_000, asUtc + 86_400_000].map((at) => offsetAt(at, zone));
  const fitting = offsets.map((offset) => asUtc - offset).filter((at) => at + offsetAt(at, zone) === asUtc);
  return Math.min(...(fitting.length > 0 ? fitting : [asUtc - (offsets[0] ?? 0)]));
}

function offsetAt(at: number, zone: string): number {
  const { year, month, day, hour, minute, second } = parts(at, zone);
  const wall = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  return wall - Math.floor(at / 1000) * 1000;
}
