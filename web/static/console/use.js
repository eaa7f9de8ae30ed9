// The page of how wards are used. Each chart draws the numbers of the table below
// it, in the colours of the theme, and again whenever theme or width change.

/* global uPlot */

const root = document.documentElement;
const colour = (tone) => getComputedStyle(root).getPropertyValue(tone).trim();

// read takes a chart's series and lines from its table. An empty value is a gap.
function read(figure) {
  const rows = [...figure.querySelectorAll('tbody tr')];
  return {
    names: 'names' in figure.dataset,
    unit: figure.dataset.unit,
    labels: rows.map((r) => r.cells[0].textContent),
    ticks: rows.map((r) => r.dataset.tick ?? ''),
    series: [...figure.querySelectorAll('thead th[data-draw]')].map((th, i) => ({
      name: th.textContent, draw: th.dataset.draw, tone: th.dataset.tone,
      values: rows.map((r) => (r.cells[i + 1].dataset.v === '' ? null : Number(r.cells[i + 1].dataset.v))),
    })),
  };
}

// How wide a bar is: a share of its place, and at most so many pixels.
const bars = { wide: [.74, 46], bars: [.5, 34], thin: [.24, 16] };

function drawn({ draw, tone, values, name }, names) {
  const stroke = colour(tone);
  const few = values.filter((v) => v !== null).length <= 31;
  const plain = { label: name, stroke, points: { show: false } };
  switch (draw) {
    case 'area': return { ...plain, fill: colour(`${tone}-bg`), width: 2, paths: uPlot.paths.linear() };
    case 'line': return { ...plain, width: 2.5, points: { show: few, size: 6, fill: stroke } };
    case 'dashes': return { ...plain, width: 2, dash: [7, 5], points: { show: few, size: 6, fill: colour('--sheet') } };
  }
  const [share, most] = bars[draw];
  return { ...plain, fill: draw === 'wide' ? colour(`${tone}-bg`) : stroke, width: draw === 'wide' ? 1.5 : 0, paths: uPlot.paths.bars({ size: [share, names ? most * 1.5 : most], radius: .12 }) };
}

// marks are the lines at which the axis says something: as many as there is room for.
function marks(chart, width) {
  const all = chart.ticks.flatMap((tick, i) => (tick ? [i] : []));
  if (chart.names) return all;
  const room = Math.max(1, Math.floor(width / 62));
  const step = [1, 2, 3, 4, 6, 12].find((n) => all.length / n <= room) ?? all.length;
  if (chart.ticks[all[0]].includes(':')) return all.filter((i) => parseInt(chart.ticks[i], 10) % step === 0);
  return all.filter((i, n) => n % step === 0);
}

// wrapped breaks a name into lines that fit between its neighbours.
function wrapped(text, letters) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last && last.length + word.length >= letters) lines.push(word);
    else lines[lines.length - 1] = last ? `${last} ${word}` : word;
  }
  const short = lines.map((l) => (l.length > letters + 2 ? `${l.slice(0, letters)}…` : l));
  return short.length > 3 ? [...short.slice(0, 2), `${short[2]}…`].join('\n') : short.join('\n');
}

function options(chart, width, key) {
  const ink = colour('--soft'), line = colour('--line'), font = `12px ${getComputedStyle(document.body).fontFamily}`;
  const at = marks(chart, width - 56), n = chart.labels.length;
  const letters = Math.max(6, Math.floor((width - 56) / Math.max(at.length, 1) / 6.6));
  const label = (i) => (chart.names ? wrapped(chart.ticks[i], letters) : chart.ticks[i]);
  const lines = Math.max(1, ...at.map((i) => label(i).split('\n').length));
  const edge = chart.series.some((s) => s.draw in bars) || chart.names ? .6 : .3;
  return {
    width, height: chart.names ? 240 : 220, padding: [12, 24, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: { x: { time: false, range: [-edge, n - 1 + edge] }, y: { range: (u, low, high) => [0, Math.max(high * 1.08, 4)] } },
    axes: [
      { stroke: ink, font, size: 18 * lines + 16, gap: 6, splits: () => at, values: () => at.map(label), grid: { show: !chart.names, stroke: line, width: 1 }, ticks: { show: false } },
      { stroke: ink, font, size: 44, gap: 6, label: chart.unit, labelFont: font, labelSize: 18, labelGap: 0, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000], grid: { stroke: line, width: 1 }, ticks: { show: false } },
    ],
    series: [{}, ...chart.series.map((s) => drawn(s, chart.names))],
    hooks: { setCursor: [(u) => { // the key says the numbers that the pointer is at
      const i = u.cursor.idx ?? -1;
      key.querySelector('.at').textContent = chart.labels[i] ?? '';
      for (const [n, b] of key.querySelectorAll('b').entries()) b.textContent = i < 0 ? '' : chart.series[n].values[i] ?? '–';
    }] },
  };
}

function draw(figure) {
  const plot = figure.querySelector('.plot'), chart = read(figure);
  const data = [chart.labels.map((_, i) => i), ...chart.series.map((s) => s.values)];
  let shown = null;
  const redraw = () => {
    if (plot.clientWidth === 0) return;
    shown?.destroy();
    shown = new uPlot(options(chart, plot.clientWidth, figure.querySelector('.key')), data, plot);
  };
  let width = 0;
  new ResizeObserver(() => {
    if (plot.clientWidth === width) return;
    width = plot.clientWidth;
    redraw();
  }).observe(plot);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
}

for (const figure of document.querySelectorAll('[data-chart]')) draw(figure);

document.getElementById('show').hidden = true; // choosing is enough
document.getElementById('ward').addEventListener('change', (e) => e.target.form.submit());

// The forecast is asked for again while the page is open.
const offline = document.getElementById('offline');
document.addEventListener('htmx:afterOnLoad', () => { offline.hidden = true; });
for (const lost of ['htmx:sendError', 'htmx:responseError', 'htmx:timeout']) document.addEventListener(lost, () => { offline.hidden = false; });
