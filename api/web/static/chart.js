// Draws the picture of a plan: load against limits, signals above, prices below.
"use strict";

(() => {
  const place = document.getElementById("chart");
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const held = (values) => (values.length ? [...values, values[values.length - 1]] : []);
  const data = () => JSON.parse(document.getElementById("chart-data").textContent);

  const line = (name, x, y, options) => ({
    type: "scatter", mode: "lines", name, x, y: held(y), hovertemplate: `%{y:.1f} ${options.unit}`,
    line: { shape: "hv", width: options.width || 2, color: options.colour, dash: options.dash || "solid" },
    fill: options.fill ? "tozeroy" : "none", fillcolor: options.fill,
  });

  const ofNode = (told, picture) => {
    const unit = picture.unit;
    const traces = [line("load as planned", told.x, picture.load, { unit, colour: colour("load"), fill: colour("load-fill") })];
    if (picture.uncontrolled) traces.push(line("charged at once", told.x, picture.uncontrolled, { unit, colour: colour("free"), dash: "dot", width: 1.5 }));
    traces.push(line("if all is drawn in full", told.x, picture.most, { unit, colour: colour("most"), width: 1 }));
    if (picture.limit.some((one) => one !== null)) traces.push(line("limit", told.x, picture.limit, { unit, colour: colour("limit"), dash: "dash" }));
    return traces;
  };
  const ofLines = (told, picture) => {
    const unit = picture.unit;
    const traces = picture.lines.map((one, i) => line(one.name, picture.x, one.load, { unit, colour: colour(`l${(i % 3) + 1}`) }));
    traces.push(line("limit", picture.x, picture.lines[0].limit, { unit, colour: colour("limit"), dash: "dash" }));
    return traces;
  };

  const highest = (traces) => Math.max(1, ...traces.flatMap((one) => one.y.filter((value) => value !== null)));

  const layout = (told, picture, traces) => {
    const quiet = { gridcolor: colour("rule"), zeroline: false, linecolor: colour("line"), fixedrange: true, automargin: false };
    const small = place.clientWidth < 560;
    return {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("muted") },
      margin: { l: small ? 38 : 48, r: small ? 6 : 12, t: 44, b: small ? 34 : 36 },
      hovermode: "x unified", dragmode: false, showlegend: true,
      hoverlabel: { bgcolor: colour("card"), bordercolor: colour("line"), font: { color: colour("ink") } },
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", xanchor: "left", font: { size: 11.5 }, itemclick: false, itemdoubleclick: false },
      xaxis: { ...quiet, range: told.range, tickvals: told.ticks.at, ticktext: small ? told.ticks.text.map((one, i) => (i % 2 ? "" : one)) : told.ticks.text, anchor: "y2", showgrid: true },
      yaxis: { ...quiet, domain: [0.27, 1], range: [Math.min(0, ...traces.flatMap((one) => one.y.filter((v) => v !== null))), 1.08 * highest(traces)], nticks: 6, ticksuffix: ` ${picture.unit}` },
      yaxis2: { ...quiet, domain: [0, 0.17], nticks: 3, rangemode: "tozero" },
      shapes: [
        ...told.signals.map((one) => ({ type: "rect", xref: "x", yref: "paper", x0: one.start, x1: one.end, y0: 0.27, y1: 1, fillcolor: colour("asked"), line: { width: 0 }, layer: "below" })),
        { type: "line", xref: "x", yref: "paper", x0: told.now, x1: told.now, y0: 0, y1: 1, line: { color: colour("accent"), width: 1.5 } },
      ],
      annotations: [
        ...told.signals.filter((one) => one.start < told.range[1]).map((one) => ({
          x: one.start > told.range[0] ? one.start : told.range[0], xref: "x", y: 1, yref: "paper", xanchor: "left", yanchor: "top", showarrow: false,
          text: small ? one.text : `${one.id}: ${one.text}`, font: { size: 11, color: colour("asked-ink") }, xshift: 3, yshift: -2,
        })),
        { x: 0, xref: "paper", y: 0.215, yref: "paper", xanchor: "left", yanchor: "middle", xshift: 5, showarrow: false, text: `price, ${told.price.unit}`, font: { size: 11, color: colour("muted") } },
      ],
    };
  };

  const draw = () => {
    const told = data();
    if (!told) { if (place.data) Plotly.purge(place); return; }
    const picture = told.pictures.find((one) => one.id === chosen) || told.pictures[0];
    const traces = picture.lines ? ofLines(told, picture) : ofNode(told, picture);
    const price = { ...line("price", told.x, told.price.y, { unit: told.price.unit, colour: colour("price"), width: 1.5, fill: colour("price-fill") }), yaxis: "y2", showlegend: false, hovertemplate: "%{y:.3f} " + told.price.unit };
    place.querySelector(".hint")?.remove();
    Plotly.react(place, [...traces, price], layout(told, picture, traces), { displayModeBar: false, responsive: true, displaylogo: false });
    for (const tab of tabs()) {
      const selected = tab.dataset.picture === picture.id;
      tab.setAttribute("aria-selected", String(selected));
      tab.tabIndex = selected ? 0 : -1;
    }
  };

  const tabs = () => [...document.querySelectorAll("[data-picture]")];
  const choose = (tab) => { chosen = tab.dataset.picture; draw(); };
  document.addEventListener("click", (event) => { const tab = event.target.closest("[data-picture]"); if (tab) choose(tab); });
  document.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key], all = tabs(), at = all.indexOf(document.activeElement);
    if (!step || at < 0) return;
    const next = all[(at + step + all.length) % all.length];
    choose(next);
    next.focus();
  });
  document.addEventListener("parts", draw);
  scheme.addEventListener("change", draw);
  draw();
})();
