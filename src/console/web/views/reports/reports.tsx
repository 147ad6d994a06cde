import { shell } from '../../shell/words';
import { Empty } from '../../ui/feedback';
import { Page } from '../../ui/page';
import { wordsOf } from '../../words/words';

export default function Reports() {
  return (
    <Page title={wordsOf(shell).views.reports}>
      <Empty />
    </Page>
  );
}
