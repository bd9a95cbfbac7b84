/**
 * What scripts rely on: commands, their arguments and flags. Texts are left out; they may change freely.
 *
 * @param {Record<string, object>} commands of oclif.manifest.json
 */
export function commandShape(commands) {
  const entries = Object.values(commands).map((command) => [
    command.id.replaceAll(':', ' '),
    {
      ...(command.hidden && { hidden: true }),
      args: Object.values(command.args).map((arg) => ({ name: arg.name, required: arg.required === true })),
      flags: Object.fromEntries(Object.values(command.flags).map((flag) => [flag.name, flagShape(flag)])),
    },
  ]);
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}

function flagShape(flag) {
  return {
    type: flag.type,
    ...(flag.char && { char: flag.char }),
    ...(flag.options && { options: flag.options }),
    ...(flag.multiple && { multiple: true }),
    ...(flag.required && { required: true }),
    ...(flag.allowNo && { allow_no: true }),
    ...(flag.hidden && { hidden: true }),
  };
}
