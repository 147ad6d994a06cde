/**
 * Runs a server so that it cannot outlive us, however we die: the shell reads our pipe, and when that closes the
 * server's own standard input closes and, if asked for, it gets SIGTERM. The server's standard input is a real pipe (Node
 * gives children sockets, which a server cannot reopen through /dev/stdin). The shell ends with the server's status.
 */
const SCRIPT = `
pipe=$1; signal=$2; shift 2
rm -f "$pipe"; mkfifo -m 600 "$pipe" || exit 1
exec 3<&0
"$@" <"$pipe" 3<&- &
server=$!
( cat <&3 >"$pipe"; [ "$signal" = none ] || kill -s "$signal" "$server" 2>/dev/null ) &
guard=$!
exec 3<&-
wait "$server"; status=$?
kill "$guard" 2>/dev/null
rm -f "$pipe"
exit "$status"`;

/**
 * Command and arguments of a guarded server.
 * @param pipe path of the named pipe to make
 * @param signal what it gets when we are gone; `none` if the end of its standard input is enough
 */
export function guarded(pipe: string, signal: 'TERM' | 'none', command: string[]): { command: string; args: string[] } {
  return { command: 'sh', args: ['-c', SCRIPT, 'guard', pipe, signal, ...command] };
}
