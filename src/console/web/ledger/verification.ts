import type { VerificationProgress, VerificationReport } from '../../../ledger/verify-report';

/** What a verification says while it runs: progress, and at last its report or why there is none. */
export interface VerificationLine {
  progress?: VerificationProgress;
  id?: string;
  report?: VerificationReport;
  error?: { code: string; message: string };
}

/** The lines of JSON of a body, as they arrive. */
export async function* linesOf(response: Response): AsyncGenerator<VerificationLine> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) return;
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + (value ?? '')).split('\n');
    rest = done ? '' : (lines.pop() ?? '');
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as VerificationLine;
    if (done) return;
  }
}
