import { Assessment, CONTROL_STATUSES, ControlResult, ControlStatus, Finding } from '../compliance/assessment';
import { SEVERITIES, Severity } from '../events/event-types';

export interface KeyFinding extends Finding {
  control: ControlResult;
}

/** What a reader with one minute has to know. */
export interface Summary {
  byStatus: Record<ControlStatus, number>;
  /** Of the findings that are listed. */
  bySeverity: Record<Severity, number>;
  findings: number;
  /** The controls with exceptions, most findings first. */
  exceptions: ControlResult[];
  /** The gravest and newest findings over all controls. */
  keyFindings: KeyFinding[];
}

const KEY_FINDINGS = 6;

export function summarize({ controls }: Assessment): Summary {
  const count = <T extends string>(names: readonly T[], of: (name: T) => number) =>
    Object.fromEntries(names.map((name) => [name, of(name)])) as Record<T, number>;
  const listed = controls.flatMap((control) => control.findings.map((finding) => ({ ...finding, control })));
  const gravest = listed.toSorted(
    (a, b) =>
      SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) || b.occurredAt.localeCompare(a.occurredAt),
  );
  return {
    byStatus: count(CONTROL_STATUSES, (status) => controls.filter((control) => control.status === status).length),
    bySeverity: count(SEVERITIES, (severity) => listed.filter((finding) => finding.severity === severity).length),
    findings: controls.reduce((sum, control) => sum + control.findingCount, 0),
    exceptions: controls
      .filter((control) => control.status === 'exception')
      .toSorted((a, b) => b.findingCount - a.findingCount),
    keyFindings: gravest.slice(0, KEY_FINDINGS),
  };
}
