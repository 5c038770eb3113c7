// The words of the scripts in the reader's language; English where the catalogue did not load.

export const gettext = globalThis.gettext ?? ((text) => text);
export const ngettext =
  globalThis.ngettext ?? ((one, many, count) => (count === 1 ? one : many));

// fill(gettext("Vote %(name)s"), { name }): the values stay text, in whatever order a language has.
export const fill = (text, values) =>
  text.replace(/%\((\w+)\)s/g, (_, name) => String(values[name]));
