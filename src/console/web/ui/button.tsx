import type { ButtonHTMLAttributes, ComponentChildren } from 'preact';
import { Icon, IconName } from './icon';

interface Props extends Omit<ButtonHTMLAttributes, 'icon' | 'size'> {
  kind?: 'primary' | 'plain' | 'danger' | 'quiet';
  icon?: IconName;
  busy?: boolean;
  children?: ComponentChildren;
}

/** A button; with `busy` it shows that its act runs and takes no second press. */
export const Button = ({ kind = 'plain', icon, busy = false, children, disabled, ...rest }: Props) => (
  <button type="button" class={`button ${kind}`} disabled={busy || disabled} aria-busy={busy} {...rest}>
    {busy ? <span class="spinner" aria-hidden="true" /> : icon && <Icon name={icon} size={16} />}
    {children}
  </button>
);

/** A button that is only an icon; `label` says what it does. */
export const IconButton = ({ label, icon, ...rest }: Omit<Props, 'children'> & { label: string; icon: IconName }) => (
  <button type="button" class="icon-button" aria-label={label} title={label} {...rest}>
    <Icon name={icon} />
  </button>
);
