// What the network makes of the drawing: input, probabilities, feature maps.

const $ = (id) => document.getElementById(id);

let said = ''; // the answer that is shown, in words

export const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

// tiles draws [n,h,w] grey values, columns of them in a row, and returns the canvas.
export function tiles(canvas, values, n, h, w, columns, gap) {
  const rows = Math.ceil(n / columns);
  canvas.width = columns * (w + gap) - gap;
  canvas.height = rows * (h + gap) - gap;
  const to = canvas.getContext('2d');
  const picture = to.createImageData(canvas.width, canvas.height);
  for (let i = 0; i < n; i++) {
    const left = (i % columns) * (w + gap), top = Math.floor(i / columns) * (h + gap);
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const p = 4 * ((top + y) * canvas.width + left + x);
        picture.data.fill(values[(i * h + y) * w + x], p, p + 3);
        picture.data[p + 3] = 255;
      }
    }
  }
  to.putImageData(picture, 0, 0);
  return canvas;
}

export function element(name, text, parent) {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  if (parent) parent.append(e);
  return e;
}

const percent = (p) => `${(100 * p).toFixed(1)} %`;

// network shows which network this is, and the first classes of many.
export function network(state, most = Infinity) {
  const more = state.classes.length - 20;
  $('model').textContent = state.name;
  $('knows').textContent = `knows ${state.classes.slice(0, 20).join(', ')}${more > 0 ? ` and ${more} more` : ''}${state.taught ? ', taught on this page' : ', as loaded'}.`;
  rows(more > 0 ? state.classes.slice(0, most) : state.classes);
  cards(state.layers, state.inside);
}

// rows makes a row for each class, unless they are there.
function rows(classes) {
  const body = $('bars').tBodies[0];
  const there = [...body.rows].map((r) => r.cells[0].textContent);
  if (JSON.stringify(there) === JSON.stringify(classes)) return body.rows;
  body.replaceChildren();
  $('bars').classList.toggle('words', classes.some((name) => name.length > 2));
  for (const name of classes) {
    const row = body.insertRow();
    element('th', name, row).scope = 'row';
    const cell = row.insertCell();
    cell.className = 'bar';
    const track = element('div', undefined, cell);
    track.className = 'track';
    element('div', undefined, track);
    row.insertCell().textContent = '–';
  }
  return body.rows;
}

function setLabel(text) {
  $('label').textContent = text;
  $('label').classList.toggle('long', text.length > 2);
}

export function nothing(why) {
  setLabel('–');
  $('spoken').textContent = said = '';
  $('timing').textContent = why;
  $('doubt').textContent = '';
  $('input').getContext('2d').clearRect(0, 0, $('input').width, $('input').height);
  $('input').setAttribute('aria-label', 'What the network gets: nothing yet');
  for (const row of $('bars').tBodies[0].rows) {
    row.classList.remove('best');
    row.querySelector('.track > div').style.width = '0';
    row.lastElementChild.textContent = '–';
  }
  for (const canvas of document.querySelectorAll('#layers canvas')) canvas.getContext('2d').clearRect(0, 0, canvas.width, canvas.height);
}

// speak tells a screen reader the answer: once a stroke, not at each movement.
export function speak() { $('spoken').textContent = said; }

// prediction shows an answer about a drawing.
export function prediction(p) {
  tiles($('input'), bytes(p.input), 1, 28, 28, 1, 0);
  $('input').setAttribute('aria-label', 'What the network gets: the drawing on 28 by 28 pixels');
  $('doubt').textContent = p.note ?? '';
  answer(p);
}

// threshold returns the probability below which an image shows none of the classes.
export const threshold = () => Number($('sure').value) / 100;

// onThreshold calls changed() when that is changed.
export function onThreshold(changed) {
  const shown = () => { $('sure-shown').textContent = `${$('sure').value} %`; };
  $('sure').addEventListener('input', () => { shown(); changed(); });
  shown();
}

// answer shows an answer, with a number of classes at most.
export function answer(p, most = Infinity) {
  setLabel(p.label);
  const all = rows(p.classes.slice(0, most));
  [...all].forEach((row, i) => {
    const probability = p.probabilities[i];
    const best = p.classes[i] === p.label;
    row.classList.toggle('best', best);
    row.querySelector('.track > div').style.width = `${100 * probability}%`;
    row.lastElementChild.textContent = (best ? '▸ ' : '') + percent(probability);
  });
  said = `Prediction: ${p.label}, ${percent(p.probability)}${p.note ? `; ${p.note}` : ''}`;
  for (const a of p.layers ?? []) activation(a);
}

const cardId = (name) => `layer-${name}`;

// cards makes a card for each node of the network that is looked at: a layer with
// what is fused into it.
function cards(layers, inside) {
  const key = JSON.stringify(layers.map((l) => [l.name, l.output, l.parameters]));
  if ($('layers').dataset.key === key) return;
  $('layers').dataset.key = key;
  $('layers').replaceChildren();
  const nodes = [...new Set(layers.map((l) => l.node).filter(Boolean))];
  const all = nodes.filter((node) => layers.some((l) => l.node === node && l.kernel));
  for (const node of nodes) {
    const fused = layers.filter((l) => l.node === node);
    const weighted = fused.find((l) => l.kernel);
    if (!inside.includes(fused[0].name)) continue;
    const card = element('li', undefined, $('layers'));
    card.id = cardId(fused[0].name);
    element('h3', fused.map((l) => l.name).join(' + '), card);
    element('p', `gives ${fused.at(-1).output.join('×')}` + (weighted ? `, ${weighted.parameters.toLocaleString('en')} parameters` : ''), card);
    if (weighted) {
      card.dataset.weighted = weighted.name;
      card.dataset.fromEnd = all.length - all.indexOf(node);
      element('p', '', card).className = 'state';
    }
    element('p', '', card).className = 'numbers';
    const canvas = element('canvas', undefined, card);
    canvas.hidden = true;
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', `Output of ${fused[0].name}: nothing yet`);
  }
  frozen(1);
}

// frozen marks the layers that are trained when the last of them are, and
// returns their names.
export function frozen(last) {
  const weighted = [...document.querySelectorAll('#layers li[data-weighted]')];
  return weighted.filter((card) => {
    const trained = card.dataset.fromEnd <= last;
    card.classList.toggle('trained', trained);
    card.querySelector('.state').textContent = trained ? 'trained (variable)' : 'frozen (constant)';
    return trained;
  }).map((card) => card.dataset.weighted);
}

function activation(a) {
  const card = $(cardId(a.layers[0]));
  if (!card) return;
  const canvas = card.querySelector('canvas');
  const maps = a.shape.length === 3;
  const all = a.shape[0], things = maps ? 'maps' : 'units';
  const part = a.shown === 0 ? `${all} ${things}, too large to show` : a.shown < all ? `first ${a.shown} of ${all} ${things}` : `${all} ${things}`;
  const text = `${part}; largest ${a.largest.toFixed(2)}; ${a.silent} silent`;
  card.querySelector('.numbers').textContent = text;
  canvas.setAttribute('aria-label', `Output of ${a.layers.join(', ')}: ${text}`);
  canvas.hidden = a.shown === 0;
  if (a.shown === 0) return;
  const values = bytes(a.pixels);
  if (maps) tiles(canvas, values, a.shown, a.shape[1], a.shape[2], Math.min(8, a.shown), 1);
  else tiles(canvas, values, a.shown, 1, 1, Math.max(10, Math.min(32, a.shown)), 0);
}
