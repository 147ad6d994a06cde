const SHOWN = 3;

/**
 * Up to three candidates that resemble `name`, the nearest first; none if nothing comes close. Case, separators and the
 * order of words do not count, so that `failed-login` finds LOGIN_FAILED and `user_id` finds userId.
 */
export function nearest(name: string, candidates: Iterable<string>): string[] {
  const wanted = words(name.slice(0, 64));
  const found: { candidate: string; distance: number }[] = [];
  for (const candidate of candidates) {
    const distance = distanceOfWords(wanted, words(candidate));
    if (distance <= 0.45) found.push({ candidate, distance });
  }
  found.sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1));
  return found.slice(0, SHOWN).map((f) => f.candidate);
}

function words(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

/** 0 = the same, 1 = nothing in common. */
function distanceOfWords(a: string[], b: string[]): number {
  const direct = relative(a.join(''), b.join(''));
  if (direct === 0) return 0;
  const sorted = relative([...a].sort().join(''), [...b].sort().join('')) + 0.05;
  const shared = a.filter((word) => b.includes(word)).length;
  const overlap = shared === 0 ? 1 : 1 - shared / Math.max(a.length, b.length) - 0.1;
  return Math.min(direct, sorted, overlap);
}

function relative(a: string, b: string): number {
  const longest = Math.max(a.length, b.length);
  return longest === 0 ? 1 : editDistance(a, b) / longest;
}

/** Levenshtein's distance, where swapping two neighbours counts once. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
