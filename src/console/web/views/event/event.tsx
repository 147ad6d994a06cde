import { useRoute } from 'preact-iso';
import { Page } from '../../ui/page';
import { wordsOf } from '../../words/words';
import { EventBody } from './event-body';
import { eventWords } from './words';

/** One event under an address of its own. */
export default function EventView() {
  const { params } = useRoute();
  const id = params.id ?? '';
  return (
    <Page title={wordsOf(eventWords).title} lead={<code>{id}</code>}>
      <EventBody id={id} known={undefined} />
    </Page>
  );
}
