import { manifestFault, RetentionManifest } from '../privacy/retention-manifest';
import type { ManifestView } from './verify-report';

/** Which leaves retention may have removed, by sound manifests only. */
export class Removals {
  /** Rising, by first leaf. */
  private readonly ranges: { first: number; last: number; manifest: string }[];
  /** Manifests that are not sound: id → why. */
  readonly faults = new Map<string, string>();
  private readonly sound = new Map<string, RetentionManifest>();

  constructor(manifests: readonly RetentionManifest[], isKnownKey: (publicKey: Buffer, keyNumber: number) => boolean) {
    for (const manifest of manifests) {
      const fault = manifestFault(manifest, isKnownKey);
      if (fault === undefined) this.sound.set(manifest.id, manifest);
      else this.faults.set(manifest.id, fault);
    }
    this.ranges = [...this.sound.values()]
      .flatMap(({ id, ranges }) => ranges.map(([first, last]) => ({ first, last, manifest: id })))
      .sort((a, b) => a.first - b.first);
  }

  /** Id of the manifest that names the leaf. */
  of(leafIndex: number): string | undefined {
    let [lo, hi] = [0, this.ranges.length];
    while (lo < hi) {
      const middle = (lo + hi) >> 1;
      if ((this.ranges[middle]?.first ?? Infinity) <= leafIndex) lo = middle + 1;
      else hi = middle;
    }
    // No leaf is removed twice, so sound ranges do not overlap.
    const range = this.ranges[lo - 1];
    return range && leafIndex <= range.last ? range.manifest : undefined;
  }

  view(id: string): ManifestView | undefined {
    const manifest = this.sound.get(id);
    if (!manifest) return undefined;
    const { retention, horizon, leafCount, body, publicKey, signature } = manifest;
    return {
      ...{ id, retention, horizon, leaves: leafCount, body },
      ...{ publicKey: publicKey.toString('base64'), signature: signature.toString('base64') },
    };
  }
}
