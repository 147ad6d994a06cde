import { shell } from '../../shell/words';
import { Empty } from '../../ui/feedback';
import { Page } from '../../ui/page';
import { wordsOf } from '../../words/words';

export default function Live() {
  return (
    <Page title={wordsOf(shell).views.live}>
      <Empty />
    </Page>
  );
}
