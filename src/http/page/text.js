/**
 * Numbers, dates and small elements, written the same way everywhere.
 * @module
 */

const numbers = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 });
const days = new Intl.DateTimeFormat('en-US', { month: 'short', day: 'numeric', year: 'numeric', timeZone: 'UTC' });

/** @param {number|null|undefined} n */
export const number = (n) => (n === null || n === undefined ? '–' : numbers.format(n));

/** @param {number} n @param {string} one @param {string} [many] */
export const count = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;

/** @param {string} iso a local date or moment; only its date is read */
export function day(iso) {
  const at = new Date(`${String(iso).slice(0, 10)}T00:00:00Z`);
  return Number.isNaN(at.getTime()) ? String(iso) : days.format(at);
}

/** @param {[string, string]} period */
export const period = ([from, to]) => (from === to ? day(from) : days.formatRange(
  new Date(`${from}T00:00:00Z`), new Date(`${to}T00:00:00Z`)));

const moments = new Intl.DateTimeFormat('en-US', { timeStyle: 'medium' });

/** @param {Date} at a moment of today, by the reader's own clock */
export const clock = (at) => moments.format(at);

/** @param {number} metres */
export const length = (metres) => `${number(Math.round(metres))} m (${number(Math.round(metres * 3.28084))} ft)`;

/** @param {number} others */
export const tied = (others) => `tied with ${count(others, 'other')}`;

/**
 * @param {string} tag
 * @param {Record<string, any>} [properties] properties of the element; `data` for its data set
 * @param {...(Node|string)} children
 * @returns {any}
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  const { data, attributes, ...rest } = properties;
  Object.assign(made, rest);
  Object.assign(made.dataset, data ?? {});
  for (const [name, value] of Object.entries(attributes ?? {})) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** @param {string} id @returns {any} */
export const byId = (id) => document.getElementById(id);

/**
 * Fills a <dl>.
 * @param {HTMLElement} into
 * @param {[string, string][]} facts
 */
export function definitions(into, facts) {
  into.replaceChildren(...facts.map(([name, value]) =>
    element('div', {}, element('dt', { textContent: name }), element('dd', { textContent: value }))));
}

/**
 * Shows a message, or hides its place.
 * @param {HTMLElement} where
 * @param {string|null} message
 */
export function say(where, message) {
  where.textContent = message ?? '';
  where.hidden = !message;
}
