import { signal } from '@preact/signals';
import type { Permission, Role } from '../../access/permissions';
import { api, ApiError, send } from './api';

/** Who is signed in, as GET session answers. */
export interface Session {
  keyId: string;
  name: string;
  tenant: string;
  /** Bound to no tenant: may choose which one to look at. */
  system: boolean;
  roles: Role[];
  permissions: Permission[];
  signIn: 'key' | 'oidc';
}

/** undefined while it is not known, null when nobody is signed in. */
export const session = signal<Session | null | undefined>(undefined);

/** Whether who is signed in may do this. The API decides; this only spares people what it would refuse. */
export const may = (permission: Permission): boolean => session.value?.permissions.includes(permission) ?? false;

export async function loadSession(): Promise<void> {
  try {
    session.value = await api.get<Session>('session');
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 401)) throw error;
    session.value = null;
  }
}

export async function signIn(key: string): Promise<void> {
  session.value = await api.post<Session>('session', { key });
}

export async function signOut(): Promise<void> {
  await send('session', { method: 'DELETE' });
  session.value = null;
}

export interface SignInOptions {
  oidc: false | { name: string };
}
export const signInOptions = (signal?: AbortSignal) => api.get<SignInOptions>('session/options', {}, signal);
