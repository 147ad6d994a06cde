import { defineWords } from '../../words/words';

export const liveWords = defineWords(
  {
    title: 'Live',
    lead: 'Events as they are written into the log.',
    pause: 'Pause',
    resume: 'Go on',
    clear: 'Clear',
    waiting: (count: string) => `${count} more since the pause`,
    rate: (count: string) => `${count} in the last minute`,
    atLeast: 'At least',
    any: 'any severity',
    none: 'Quiet so far',
    noneHint: 'New events appear here about a second after they were accepted.',
    backfill: 'The latest before',
  },
  {
    title: 'Ao vivo',
    lead: 'Eventos à medida que são gravados no registro.',
    pause: 'Pausar',
    resume: 'Continuar',
    clear: 'Limpar',
    waiting: (count: string) => `mais ${count} desde a pausa`,
    rate: (count: string) => `${count} no último minuto`,
    atLeast: 'Pelo menos',
    any: 'qualquer severidade',
    none: 'Tudo quieto por enquanto',
    noneHint: 'Eventos novos aparecem aqui cerca de um segundo após o aceite.',
    backfill: 'Os últimos antes',
  },
);
