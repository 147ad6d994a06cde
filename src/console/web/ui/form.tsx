import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import type { FieldProblem } from '../api';

/** A labelled field. `problem` is what the API said about it. */
function Field({
  label,
  hint,
  problem,
  children,
}: {
  label: string;
  hint?: ComponentChildren;
  problem?: string | undefined;
  children: (ids: { id: string; describedBy: string | undefined }) => ComponentChildren;
}) {
  const id = useId();
  const describedBy = hint || problem ? `${id}-hint` : undefined;
  return (
    <div class={problem ? 'field invalid' : 'field'}>
      <label for={id}>{label}</label>
      {children({ id, describedBy })}
      {describedBy && (
        <small id={describedBy} class={problem ? 'problem' : undefined}>
          {problem ?? hint}
        </small>
      )}
    </div>
  );
}

interface FieldProps {
  label: string;
  hint?: ComponentChildren;
  problem?: string | undefined;
  onValue: (value: string) => void;
}

interface Control {
  value: string;
  type?: 'text' | 'password' | 'search' | 'number' | 'date' | 'datetime-local' | 'email' | 'url';
  placeholder?: string | undefined;
  autocomplete?: 'off' | 'current-password';
  spellcheck?: boolean;
  autofocus?: boolean;
  min?: string | number;
  max?: string | number;
  step?: string | number;
  /** The id of a datalist with suggestions. */
  list?: string;
}

/** JSX tells inputs apart by a type that is fixed; here it is chosen, among those that take the same attributes. */
const fixed = (type: Control['type']) => type as 'text';

export const TextField = ({ label, hint, problem, onValue, value, type = 'text', ...rest }: FieldProps & Control) => (
  <Field {...{ label, hint, problem }}>
    {({ id, describedBy }) => (
      <input
        id={id}
        type={fixed(type)}
        value={value}
        aria-describedby={describedBy}
        aria-invalid={problem ? true : undefined}
        onInput={(event) => onValue(event.currentTarget.value)}
        {...rest}
      />
    )}
  </Field>
);

export const TextArea = ({
  label,
  hint,
  problem,
  onValue,
  value,
  rows = 3,
  code = false,
}: FieldProps & { value: string; rows?: number; /** For JSON and its like. */ code?: boolean }) => (
  <Field {...{ label, hint, problem }}>
    {({ id, describedBy }) => (
      <textarea
        id={id}
        rows={rows}
        class={code ? 'mono' : undefined}
        spellcheck={!code}
        value={value}
        aria-describedby={describedBy}
        aria-invalid={problem ? true : undefined}
        onInput={(event) => onValue(event.currentTarget.value)}
      />
    )}
  </Field>
);

export type Option = readonly [value: string, text: string];

export const SelectField = ({
  label,
  hint,
  problem,
  onValue,
  value,
  options,
}: FieldProps & { value: string; options: readonly Option[] }) => (
  <Field {...{ label, hint, problem }}>
    {({ id, describedBy }) => (
      <select
        id={id}
        value={value}
        aria-describedby={describedBy}
        onChange={(event) => onValue(event.currentTarget.value)}
      >
        {options.map(([each, text]) => (
          <option key={each} value={each}>
            {text}
          </option>
        ))}
      </select>
    )}
  </Field>
);

export const CheckField = ({
  label,
  checked,
  onValue,
}: {
  label: string;
  checked: boolean;
  onValue: (on: boolean) => void;
}) => (
  <label class="check">
    <input type="checkbox" checked={checked} onChange={(event) => onValue(event.currentTarget.checked)} />
    {label}
  </label>
);

/** A form that hands over to `onSubmit` instead of the browser. */
export const Form = ({
  onSubmit,
  children,
  inline = false,
  grow = false,
}: {
  onSubmit: () => void;
  children: ComponentChildren;
  inline?: boolean;
  /** Takes the room that is left in its bar. */
  grow?: boolean;
}) => (
  <form
    class={`form ${inline ? 'inline' : ''} ${grow ? 'grow' : ''}`}
    noValidate
    onSubmit={(event) => {
      event.preventDefault();
      onSubmit();
    }}
  >
    {children}
  </form>
);

/** What the API said about the field at `path`. */
export const problemAt = (problems: readonly FieldProblem[], path: string): string | undefined =>
  problems.find((problem) => problem.path === path)?.message;
