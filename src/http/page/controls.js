/**
 * Period and categories to choose.
 * @module
 */
import { byId, element, number, say } from './text.js';

/** @typedef {import('./state.js').State} State */

/**
 * @param {State} state
 * @param {() => void} changed
 * @returns {{show: () => void, renew: () => void}} `show` writes the state into the controls; `renew` does after newer
 *   data came, and a preset that is chosen stays chosen
 */
export function controls(state, changed) {
  const from = byId('from');
  const to = byId('to');

  const take = () => {
    if (from.value === state.period[0] && to.value === state.period[1]) { say(byId('period-problem'), null); return; }
    const problem = state.periodProblem(from.value, to.value);
    say(byId('period-problem'), problem);
    if (problem) return;
    state.period = [from.value, to.value];
    show();
    changed();
  };
  from.addEventListener('change', take);
  to.addEventListener('change', take);

  /** @type {{button: any, name: string, period: [string, string]}[]} */
  let presets = [];
  /** @type {ReturnType<typeof categoryTree>} */
  let categories;

  /** Makes what follows from the data. */
  function make() {
    const { first_date: first, last_date: last, complete_until: complete } = state.dataset;
    for (const input of [from, to]) { input.min = first; input.max = last; }
    presets = periodPresets(first, last, complete ?? last).map(({ name, period }) => {
      const button = element('button', { type: 'button', textContent: name });
      button.addEventListener('click', () => { [from.value, to.value] = period; take(); });
      return { button, name, period };
    });
    const focused = document.activeElement;
    byId('presets').replaceChildren(...presets.map(({ button }) => button));
    if (focused && !focused.isConnected) presets.find(({ name }) => name === focused.textContent)?.button.focus();
    // The tree that somebody is working in is made anew only where it has other branches.
    if (categories?.isOf(state)) categories.count(state);
    else {
      categories = categoryTree(state, () => { show(); changed(); });
      byId('category-tree').replaceChildren(categories.tree);
    }
  }
  make();
  byId('category-all').addEventListener('click', () => { state.choice.all(); show(); changed(); });
  byId('category-none').addEventListener('click', () => { state.choice.set([]); show(); changed(); });

  function show() {
    [from.value, to.value] = state.period;
    say(byId('period-problem'), null);
    for (const { button, period } of presets) {
      button.setAttribute('aria-pressed', String(period.join() === state.period.join()));
    }
    for (const [name, { box }] of categories.boxes) {
      const mark = state.choice.mark(name);
      box.checked = mark === 'on';
      box.indeterminate = mark === 'some';
    }
    byId('category-summary').textContent = categoryWords(state) || 'none chosen';
  }
  show();
  return {
    show,
    renew() {
      const chosen = presets.find(({ period }) => period.join() === state.period.join())?.name;
      make();
      state.period = presets.find(({ name }) => name === chosen)?.period ?? state.period;
      show();
    },
  };
}

/**
 * The chosen categories in words.
 * @param {State} state
 */
export function categoryWords(state) {
  const names = state.category;
  if (names.length === state.choice.below(null).length && names.every((name) => !state.choice.byName.get(name).parent)) return 'All';
  return names.map((name) => state.choice.byName.get(name).title).join(', ');
}

/**
 * The whole of the data, and the last weeks that are complete, where it is longer than they are.
 * @param {string} first @param {string} last @param {string} complete
 * @returns {{name: string, period: [string, string]}[]}
 */
function periodPresets(first, last, complete) {
  /** @type {{name: string, period: [string, string]}[]} */
  const presets = [{ name: 'All dates', period: [first, last] }];
  for (const days of [365, 90, 28, 14, 7]) {
    const at = new Date(`${complete}T00:00:00Z`);
    at.setUTCDate(at.getUTCDate() - days + 1);
    const from = at.toISOString().slice(0, 10);
    if (from > first) presets.push({ name: `Last ${days} days`, period: [from, complete] });
  }
  return presets.slice(0, 4);
}

/**
 * @param {State} state
 * @param {() => void} changed
 */
function categoryTree(state, changed) {
  /** @type {Map<string, {box: any, many: any}>} */
  const boxes = new Map();
  const branch = (/** @type {string|null} */ parent) => element('ul', {}, ...state.choice.below(parent).map((one) => {
    const box = element('input', { type: 'checkbox', name: 'category', value: one.name });
    box.addEventListener('change', () => { state.choice.toggle(one.name, box.checked); changed(); });
    const many = element('span', { className: 'how-many', textContent: number(one.incidents) });
    boxes.set(one.name, { box, many });
    const label = element('label', {}, box, element('span', { className: 'what', textContent: one.title }), many);
    const item = element('li', {}, label);
    if (state.choice.below(one.name).length) {
      const inner = element('details', {}, element('summary', {},
        element('span', { className: 'unseen', textContent: `Parts of ${one.title}` })), branch(one.name));
      inner.open = state.choice.mark(one.name) === 'some';
      item.classList.add('group');
      item.append(inner);
    }
    return item;
  }));
  return {
    boxes,
    tree: branch(null),

    /** Whether newer data have the same categories. @param {State} newer */
    isOf: (newer) => [...newer.choice.byName.keys()].sort().join() === [...boxes.keys()].sort().join(),

    /** @param {State} newer */
    count(newer) {
      for (const [name, { many }] of boxes) many.textContent = number(newer.choice.byName.get(name).incidents);
    },
  };
}
