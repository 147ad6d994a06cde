import { useEffect, useState } from 'preact/hooks';
import { follow } from '../../server-sent-events';

/** Steps of alerts that come within this time, ms, are answered together. */
const TOGETHER_MS = 300;

/** Calls `onStep` some moments after any step of any alert; tells whether the stream stands. */
export function useAlertSteps(onStep: () => void): 'open' | 'cut' | undefined {
  const [state, setState] = useState<'open' | 'cut' | undefined>(undefined);
  useEffect(() => {
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = () => (timer ??= setTimeout(() => ((timer = undefined), onStep()), TOGETHER_MS));
    // After a cut something may have been missed that the stream does not repeat.
    const onState = (now: 'open' | 'cut') => (setState(now), now === 'open' && soon());
    follow('alerts/stream', { signal: controller.signal }, soon, onState).catch(() => setState('cut'));
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, []);
  return state;
}
