import { Inject, Injectable } from '@nestjs/common';
import type { AlertTransition } from '../alerts/transition';
import { Clock } from '../common/clock';
import { Config, CONFIG } from '../config/config';
import { Mailer, MailError } from '../mail/mailer';
import type { Delivery } from './delivery';
import { filledBody } from './http-template';
import { mailOf } from './mail-notice';
import { noticeOf, shortText } from './notice';
import { pagerDutyEvent } from './pagerduty-event';
import type { Channel, ChannelType } from './recipient-group';
import { DeliveryError } from './retry';
import { Message, SafeHttp } from './safe-http';
import { slackMessage } from './slack-notice';
import { signedHeaders, webhookBody } from './standard-webhook';

/** Messages a minute to one address, where the channel does not say: what such services bear. */
export const RATE_PER_MINUTE: Record<ChannelType, number> = {
  mail: 120,
  slack: 50,
  sms: 30,
  http: 60,
  webhook: 600,
  pagerduty: 120,
};

/** A long short message is cut up and paid for by the piece; this is four. */
const SMS_LONGEST = 600;

/** Puts one message into the hands of whoever takes it on. */
@Injectable()
export class Sender {
  constructor(
    private readonly mailer: Mailer,
    private readonly http: SafeHttp,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Resolves when the receiver has taken the message; with a remark if there is something to be said about that.
   * @param items what a digest tells of
   * @throws DeliveryError
   */
  async send(
    delivery: Delivery,
    channel: Channel,
    target: string,
    items: readonly AlertTransition[],
  ): Promise<string | null> {
    const notice = noticeOf(delivery, items, this.config.publicUrl);
    switch (channel.type) {
      case 'mail':
        return this.mail(mailOf(notice, delivery, target));
      case 'slack':
        return this.post(json(channel.url, slackMessage(notice)));
      case 'sms': {
        const { url, accountSid, authToken, from } = channel;
        return this.post({
          url: `${url.replace(/\/+$/, '')}/2010-04-01/Accounts/${accountSid}/Messages.json`,
          headers: {
            'content-type': 'application/x-www-form-urlencoded',
            authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`,
          },
          body: new URLSearchParams({ To: target, From: from, Body: shortText(notice, SMS_LONGEST) }).toString(),
        });
      }
      case 'http': {
        const { url, method, headers, contentType } = channel;
        const to = channel.to.length > 0 ? target : '';
        const body = filledBody(channel, notice, to);
        return this.post({ url, method, headers: { ...headers, 'content-type': contentType }, body });
      }
      case 'webhook': {
        const body = webhookBody(delivery, notice.link);
        const signed = signedHeaders(`msg_${delivery.id}`, body, channel.secrets, this.clock.now());
        return this.post({ url: channel.url, headers: { 'content-type': 'application/json', ...signed }, body });
      }
      case 'pagerduty':
        return this.post(json(channel.url, pagerDutyEvent(delivery, notice, channel.routingKey)));
    }
  }

  private async post(message: Message): Promise<null> {
    await this.http.send(message);
    return null;
  }

  private async mail(mail: Parameters<Mailer['send']>[0]): Promise<string | null> {
    try {
      const outcome = await this.mailer.send(mail);
      return outcome === 'outbox' ? 'written to the outbox: AUDIT_SMTP_URL is not set' : null;
    } catch (error) {
      if (error instanceof MailError) {
        throw new DeliveryError(error.message, { permanent: error.permanent, cause: error });
      }
      throw error;
    }
  }
}

const json = (url: string, content: object): Message => ({
  url,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(content),
});
