/** Outlines on a grid of 24, drawn for this console. */
const PATHS = {
  overview: 'M4 20V10M10 20V4M16 20v-7M22 20H2',
  live: 'M12 12h.01M8.5 15.5a5 5 0 0 1 0-7M15.5 8.5a5 5 0 0 1 0 7M5.6 18.4a9 9 0 0 1 0-12.8M18.4 5.6a9 9 0 0 1 0 12.8',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM21 21l-5-5',
  alerts: 'M12 3 2.5 20h19L12 3ZM12 10v4M12 17h.01',
  rules: 'M4 6h10M18 6h2M4 12h2M10 12h10M4 18h8M16 18h4M16 4v4M8 10v4M14 16v4',
  compliance: 'M12 3l8 3v6c0 4.5-3.2 7.8-8 9-4.8-1.2-8-4.5-8-9V6l8-3ZM8.5 12l2.5 2.5 4.5-5',
  requests: 'M4 5h16v11H9l-5 4V5ZM8 9h8M8 12h5',
  breaches: 'M12 3a9 9 0 1 0 9 9M12 7v5l3 3M17 3l4 4M21 3l-4 4',
  consents: 'M5 4h10l4 4v12H5V4ZM8.5 14l2.5 2.5 4.5-5',
  lineage:
    'M6 7a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM18 14a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM6 21a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM6 7v10M6 9c0 3 4 3 10 3',
  reports: 'M6 3h9l4 4v14H6V3ZM9 12h7M9 16h7M9 8h3',
  integrity:
    'M12 4v5M12 9l-6 6M12 9l6 6M6 20a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM18 20a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z',
  health: 'M3 12h4l3-7 4 14 3-7h4',
  administration:
    'M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.1 2.1M16.3 16.3l2.1 2.1M18.4 5.6l-2.1 2.1M7.7 16.3l-2.1 2.1',
  menu: 'M4 6h16M4 12h16M4 18h16',
  close: 'M6 6l12 12M18 6 6 18',
  pause: 'M8 5v14M16 5v14',
  play: 'M7 4l13 8-13 8V4Z',
  check: 'M5 12.5l4.5 4.5L19 7',
  download: 'M12 4v11M7 11l5 5 5-5M4 20h16',
  copy: 'M9 9h11v11H9V9ZM5 15H4V4h11v1',
  external: 'M14 4h6v6M20 4l-9 9M18 14v6H4V6h6',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M19 5l-1.4 1.4M6.4 17.6 5 19',
  key: 'M15 12a4 4 0 1 0-4-4l-7 7v4h4v-3h3v-3l1.5-1.5A4 4 0 0 0 15 12Z',
  plus: 'M12 5v14M5 12h14',
  chevron: 'M9 5l7 7-7 7',
} as const;
export type IconName = keyof typeof PATHS;

/** An ornament: what it means is always said in text beside it or in the label of its button. */
export const Icon = ({ name, size = 18 }: { name: IconName; size?: number }) => (
  <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d={PATHS[name]} />
  </svg>
);
