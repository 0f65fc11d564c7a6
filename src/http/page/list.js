/**
 * The ranked list, the places held back, and how the answer was made.
 * @module
 */
import { byId, count, day, definitions, element, length, number, period, tied } from './text.js';
import { classOf } from './legend.js';
import { categoryWords } from './controls.js';

/** @typedef {import('./api.js').Feature} Feature */
/** @typedef {import('./api.js').Items} Items */
/** @typedef {import('./api.js').HeldPlace} HeldPlace */
/** @typedef {import('./state.js').State} State */

const STEP = 25;

/**
 * @param {{select: (id: string) => void, held: (place: HeldPlace) => void}} on
 */
export function list(on) {
  const rows = byId('rows');
  const more = byId('more');
  /** @type {Feature[]} */
  let ranked = [];
  /** @type {import('./api.js').Legend|null} */
  let legend = null;
  /** @type {string|null} */
  let selected = null;
  let shown = STEP;

  rows.addEventListener('click', (/** @type {any} */ event) => {
    const row = event.target.closest('tr');
    if (row?.dataset.id) on.select(row.dataset.id);
  });
  more.addEventListener('click', () => {
    const firstNew = shown;
    shown += STEP;
    draw();
    rows.children[firstNew]?.querySelector('button')?.focus();
  });

  function draw() {
    const focused = rows.contains(document.activeElement) ? document.activeElement.closest('tr').dataset.id : null;
    rows.replaceChildren(...ranked.slice(0, shown).map((one) => rowOf(one, legend, one.id === selected)));
    const left = ranked.length - shown;
    more.hidden = left <= 0;
    more.textContent = `Show ${Math.min(STEP, left)} more of ${number(ranked.length)}`;
    if (focused) [...rows.children].find((row) => row.dataset.id === focused)?.querySelector('button').focus({ preventScroll: true });
  }

  return {
    /** @param {Items} items @param {boolean} stay whether it is the same list with newer data: whoever reads it stays there */
    show(items, stay) {
      ranked = items.features.filter((one) => one.properties.rank !== null);
      legend = items.legend;
      if (!stay) shown = STEP;
      draw();
      if (!stay) byId('ranking').scrollTop = 0;
    },

    /**
     * Marks a block's row, and brings it into view.
     * @param {string|null} id @param {boolean} scroll
     */
    select(id, scroll) {
      selected = id;
      const index = ranked.findIndex((one) => one.id === id);
      if (index >= shown) shown = Math.ceil((index + 1) / STEP) * STEP;
      if (index >= rows.children.length) draw();
      for (const row of rows.children) {
        const here = row.dataset.id === id;
        row.classList.toggle('selected', here);
        row.querySelector('button').setAttribute('aria-pressed', String(here));
        if (here && scroll) row.scrollIntoView({ block: 'nearest' });
      }
    },

    /** @param {Items} items */
    held(items) {
      const places = items.held_places ?? [];
      byId('held').hidden = places.length === 0;
      byId('held-list').replaceChildren(...places.map((place) => {
        const button = element('button', { type: 'button', className: 'name', textContent: place.name });
        button.addEventListener('click', () => on.held(place));
        return element('li', { data: { id: place.id } },
          element('div', { className: 'held-line' }, button,
            element('span', { className: 'how-many', textContent: `${number(place.held)} of ${count(place.incidents, 'incident')} held` })),
          element('p', { className: 'reason', textContent: place.reason }));
      }));
    },
  };
}

/**
 * @param {Feature} block
 * @param {import('./api.js').Legend|null} legend
 * @param {boolean} selected
 */
function rowOf(block, legend, selected) {
  const facts = block.properties;
  const remarks = [];
  if (facts.tied_with > 0) remarks.push(tied(facts.tied_with));
  if (facts.held > 0) remarks.push(`${number(facts.held)} more held`);
  const swatch = element('span', { className: 'swatch', attributes: { 'aria-hidden': 'true' } });
  swatch.style.setProperty('--swatch', legend ? classOf(legend, facts[legend.property ?? '']).color : 'transparent');
  return element('tr', { data: { id: block.id }, className: selected ? 'selected' : '' },
    element('td', { className: 'rank' }, element('span', { className: facts.rank <= 10 ? 'badge' : '', textContent: number(facts.rank) })),
    element('td', {},
      element('button', { type: 'button', className: 'name', attributes: { 'aria-pressed': String(selected) } }, ...nameParts(facts.name)),
      ...(remarks.length ? [element('span', { className: 'remark', textContent: remarks.join(' · ') })] : [])),
    element('td', { className: 'count' }, swatch, element('span', { textContent: number(facts.incidents) })));
}

/**
 * The street stands out, the cross streets follow.
 * @param {string} name
 */
function nameParts(name) {
  const comma = name.indexOf(', ');
  if (comma < 0) return [element('strong', { textContent: name })];
  return [element('strong', { textContent: name.slice(0, comma) }), name.slice(comma)];
}

/**
 * The sentence over the list.
 * @param {State} state @param {Items} items
 */
export function statusWords(state, items) {
  if (state.nothingChosen) return 'No category is chosen: choose at least one.';
  const ranked = items.features.filter((one) => one.properties.rank !== null).length;
  const counts = items.provenance?.counts ?? {};
  const where = [`${count(counts.incidents ?? 0, 'incident')}, ${period(state.period)}`];
  if (ranked) where.push(`${number(counts.in_blocks)} in ${count(ranked, 'block')}`);
  else where.push('no block has any');
  if (counts.held) where.push(`${number(counts.held)} held`);
  if (counts.unassigned) where.push(`${number(counts.unassigned)} on no block`);
  return where.join(' · ');
}

/**
 * Counts, coordinate system, period: enough to make the list again.
 * @param {State} state @param {Items} items @param {Record<string, any>} overlays provenance of the other layers shown
 */
export function made(state, items, overlays) {
  const how = items.provenance ?? {};
  const counts = how.counts ?? {};
  /** @type {[string, string][]} */
  const facts = [
    ['Period', period(periodOf(how.period) ?? state.period)],
    ['Categories', categoryWords(state) || 'none'],
    ['Incidents', number(counts.incidents)],
    ['In blocks', number(counts.in_blocks)],
    ['On no block', number(counts.unassigned)],
    ['Held', number(counts.held)],
    ['Placed by address', number(counts.geocoded)],
    ['Block set', state.dataset.block_set],
    ['Measured in', how.crs ?? state.dataset.local_crs],
    ['Time zone', state.dataset.time_zone],
  ];
  if (how.generation !== undefined) facts.push(['Data version', number(how.generation)]);
  const parameters = (/** @type {any} */ of) => Object.entries(of?.parameters ?? {})
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value)).map(([name, value]) => parameter(name, value)).join(', ');
  if (parameters(how)) facts.push(['Settings', parameters(how)]);
  for (const [layer, its] of Object.entries(overlays)) if (parameters(its)) facts.push([layer, parameters(its)]);
  facts.push(['Map drawn by', 'MapLibre GL JS']);
  definitions(byId('made'), facts);
}

/**
 * A period as the service writes it: a pair, or 'from/to'.
 * @param {any} said @returns {[string, string]|null}
 */
function periodOf(said) {
  const pair = typeof said === 'string' ? said.split('/') : said;
  return Array.isArray(pair) && pair.length === 2 && pair.every((one) => /^\d{4}-\d\d-\d\d/.test(one))
    ? [pair[0].slice(0, 10), pair[1].slice(0, 10)] : null;
}

/** @param {string} name @param {any} value */
function parameter(name, value) {
  const unit = /^(.*)_(m|km)$/.exec(name);
  const words = (unit ? unit[1] : name).replaceAll('_', ' ');
  return `${words} ${typeof value === 'number' ? number(value) : value}${unit ? ` ${unit[2]}` : ''}`;
}

/**
 * The card of the selected block.
 * @param {Feature|null} block
 * @param {State} state
 */
export function detail(block, state) {
  byId('detail').hidden = !block;
  if (!block) return;
  const facts = block.properties;
  byId('detail-name').textContent = facts.name;
  byId('detail-text').textContent = facts.rank === null
    ? `No incidents of the chosen categories, ${period(state.period)}.`
    : `Rank ${number(facts.rank)}${facts.tied_with > 0 ? `, ${tied(facts.tied_with)}` : ''}: ${count(facts.incidents, 'incident')}, ${period(state.period)}.`;
  /** @type {[string, string][]} */
  const rest = [];
  if (facts.latest) rest.push(['Latest', day(facts.latest)]);
  if (facts.length_m) rest.push(['Length', length(facts.length_m)]);
  if (facts.held > 0) rest.push(['Held back', count(facts.held, 'incident')]);
  definitions(byId('detail-facts'), rest);
}
