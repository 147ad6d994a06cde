/** What an alert is about, in one line. */
export const groupText = (group: Record<string, string>): string =>
  Object.entries(group)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
