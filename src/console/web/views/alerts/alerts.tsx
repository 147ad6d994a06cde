import { shell } from '../../shell/words';
import { Empty } from '../../ui/feedback';
import { Page } from '../../ui/page';
import { wordsOf } from '../../words/words';

export default function Alerts() {
  return (
    <Page title={wordsOf(shell).views.alerts}>
      <Empty />
    </Page>
  );
}
