/**
 * The legend: what the server says about colors, in words and for the map.
 * @module
 */
import { byId, count, element } from './text.js';

/** @typedef {import('./api.js').Legend} Legend */
/** @typedef {import('./api.js').LegendClass} LegendClass */

const NEUTRAL = '#c9ced6';

/**
 * The class that a value falls into.
 * @param {Legend} legend
 * @param {number|null|undefined} value
 * @returns {{color: string, label: string}}
 */
export function classOf(legend, value) {
  const found = legend.classes.findLast((one) => (value ?? 0) >= (one.from ?? Infinity));
  return found ?? legend.none ?? { color: NEUTRAL, label: '0' };
}

/**
 * The same as an expression of the map's style, for any output per class.
 * @param {Legend} legend
 * @param {any} none the output below the first class
 * @param {(one: LegendClass, index: number) => any} output
 * @returns {any}
 */
export function steps(legend, none, output) {
  if (!legend.classes.length || legend.property === null) return none;
  return ['step', ['to-number', ['get', legend.property], 0], none,
    ...legend.classes.flatMap((one, index) => [one.from, output(one, index)])];
}

/** @param {Legend} legend */
export const noneColor = (legend) => legend.none?.color ?? NEUTRAL;

/** The map's background. */
export const PAPER = '#f6f7f8';

/**
 * @param {{kind: string, legend: Legend, features?: number, hint?: string}[]} parts one for each layer that is shown, with what to do where it shows little
 */
export function showLegend(parts) {
  byId('legend').hidden = parts.length === 0;
  byId('legend').replaceChildren(...parts.map(({ kind, legend, features, hint }) => {
    const classes = [...(legend.none ? [legend.none] : []), ...legend.classes];
    const unit = kind === 'clusters' || kind === 'incidents' ? count(features ?? 0, kind.slice(0, -1)) : legend.unit;
    return element('section', { className: `key ${kind}`, data: { layer: kind } },
      element('h2', {}, element('span', { textContent: legend.title }),
        ...(unit && !legend.title.toLowerCase().includes(unit) ? [' ', element('span', { className: 'unit', textContent: `(${unit})` })] : [])),
      element('ul', {}, ...classes.map((one, index) => {
        const swatch = element('span', { className: one === legend.none ? 'swatch none' : 'swatch', attributes: { 'aria-hidden': 'true' } });
        swatch.style.setProperty('--swatch', one.color);
        swatch.style.setProperty('--index', String(index));
        return element('li', {}, swatch, element('span', { className: 'label', textContent: one.label }));
      })),
      ...(hint ? [element('p', { className: 'hint', textContent: hint })] : []));
  }));
}
