"use strict";
const entries = JSON.parse(document.getElementById("entries").textContent);
const main = document.querySelector("main");
const [text, model, kind] = ["text", "model", "kind"].map((id) => document.getElementById(id));
const count = document.getElementById("count");

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// Video and sound are read only when they come into view.
const seen = new IntersectionObserver((changes) => {
  for (const change of changes) {
    if (!change.isIntersecting) continue;
    change.target.src = change.target.dataset.src;
    seen.unobserve(change.target);
  }
}, { rootMargin: "400px" });

function media(entry) {
  if (!entry.href) return element("p", { className: "gone", textContent: `${entry.name} is gone` });
  if (entry.kind === "image") {
    const image = element("img", { loading: "lazy", decoding: "async", src: entry.href, alt: entry.prompt || entry.name });
    return element("a", { href: entry.href, title: entry.name, tabIndex: -1 }, image);
  }
  const player = element(entry.kind === "video" ? "video" : "audio", { controls: true, preload: "metadata" });
  player.dataset.src = entry.href;
  seen.observe(player);
  return player;
}

async function copy(button, command) {
  let done = true;
  try {
    await navigator.clipboard.writeText(command);
  } catch {
    const area = element("textarea", { value: command });
    button.after(area);
    area.select();
    done = document.execCommand("copy");
    area.remove();
    button.focus();
  }
  const before = button.textContent;
  button.textContent = done ? "Copied" : "Not copied";
  setTimeout(() => { button.textContent = before; }, 1500);
}

function card(entry) {
  const facts = [entry.model, entry.seed && `seed ${entry.seed}`, entry.cost, entry.date].filter(Boolean);
  const button = element("button", { className: "copy", type: "button", textContent: "Copy command", title: entry.command || "" });
  button.disabled = !entry.command;
  button.addEventListener("click", () => copy(button, entry.command));
  const made = element("article", { tabIndex: 0 },
    element("div", { className: "media" }, media(entry)),
    element("div", { className: "about" },
      element("p", { className: "prompt", dir: "auto", textContent: entry.prompt || entry.name }),
      element("p", { className: "facts", textContent: facts.join(" · ") }),
      button));
  made.setAttribute("aria-label", entry.name);
  return made;
}

function options(select, values) {
  for (const value of values) select.append(element("option", { value, textContent: value }));
}

const cards = entries.map(card);
const haystacks = entries.map((entry) =>
  [entry.prompt, entry.model, entry.seed, entry.name, entry.job].join("\n").toLocaleLowerCase());

function filter() {
  const words = text.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  entries.forEach((entry, at) => {
    const fits = (!model.value || entry.model === model.value)
      && (!kind.value || entry.kind === kind.value)
      && words.every((word) => haystacks[at].includes(word));
    cards[at].hidden = !fits;
    shown += fits;
  });
  count.textContent = shown === entries.length ? `${shown}` : `${shown} of ${entries.length}`;
}

function move(step) {
  const visible = cards.filter((one) => !one.hidden);
  const at = visible.indexOf(document.activeElement.closest("article"));
  const next = visible[Math.max(0, Math.min(visible.length - 1, at + step))];
  if (next) { next.focus(); next.scrollIntoView({ block: "nearest" }); }
}

document.addEventListener("keydown", (event) => {
  const target = event.target;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && target === text) { text.value = ""; filter(); main.querySelector("article:not([hidden])")?.focus(); return; }
  if (/^(INPUT|SELECT|VIDEO|AUDIO)$/.test(target.tagName)) return;
  if (event.key === "/") { event.preventDefault(); text.focus(); return; }
  const row = Math.max(1, Math.floor(main.clientWidth / (cards.find((one) => !one.hidden)?.offsetWidth || 1)));
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: row, ArrowUp: -row };
  if (event.key in steps) { event.preventDefault(); move(steps[event.key]); return; }
  const here = target.closest("article");
  if (!here || target !== here) return;
  const player = here.querySelector("video, audio");
  if (event.key === "c") here.querySelector(".copy").click();
  else if ((event.key === "Enter" || event.key === " ") && player) {
    event.preventDefault();
    if (!player.src) player.src = player.dataset.src;
    if (player.paused) player.play(); else player.pause();
  } else if (event.key === "Enter") here.querySelector("a")?.click();
});

options(model, [...new Set(entries.map((entry) => entry.model).filter(Boolean))].sort());
options(kind, [...new Set(entries.map((entry) => entry.kind))].sort());
main.append(...cards);
text.addEventListener("input", filter);
for (const select of [model, kind]) select.addEventListener("change", filter);
filter();
