/** The mark of the product: a tree of hashes, with the path of one proof. */
export const Mark = () => (
  <svg class="mark" width="28" height="28" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <path d="M16 5v7M16 12 8 21M16 12l8 9" />
    <circle cx="16" cy="12" r="3" class="full" />
    <circle cx="8" cy="23" r="3.5" />
    <circle cx="24" cy="23" r="3.5" class="full" />
  </svg>
);
