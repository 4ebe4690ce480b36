// Search, and buttons that copy samples. Pages do without: everything is in lists and links too.
(() => {
  "use strict";
  const here = document.currentScript;
  const root = here.dataset.root;
  const shards = Number(here.dataset.shards);
  const MOST = 30;
  const KINDS = ["feature", "on-demand feature", "feature view", "service", "training set", "entity", "label set"];
  const entries = [];

  // Each shard calls this. What is compared is made once, not at each key.
  window.found = (rows) => {
    for (const [name, kind, of, said, words, address, bad] of rows) {
      const low = name.toLowerCase();
      entries.push({
        name, kind, of, said, address, bad, low,
        all: `${low} ${of} ${said} ${words} kind:${KINDS[kind].replaceAll(" ", "-")}`.toLowerCase(),
      });
    }
  };

  let asked = null;
  const load = () => asked ??= Promise.all(Array.from({ length: shards }, (_, number) =>
    new Promise((done) => {
      const script = document.createElement("script");
      script.src = `${root}search/${number + 1}.js`;
      script.onload = script.onerror = done;
      document.head.append(script);
    })));

  const rank = (entry, terms) => {
    let sum = 0;
    for (const term of terms) {
      if (!entry.all.includes(term)) return -1;
      const at = entry.low.indexOf(term);
      if (at === 0) sum += entry.low.length === term.length ? 8 : 5;
      else if (at > 0) sum += /[a-z0-9]/.test(entry.low[at - 1]) ? 2 : 4;
      else sum += 1;
    }
    return sum * 10 - Math.min(entry.low.length, 40) / 8 - entry.kind / 10;
  };

  const search = (text) => {
    const terms = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (!terms.length) return [];
    const hits = [];
    for (const entry of entries) {
      const found = rank(entry, terms);
      if (found >= 0) hits.push([found, entry]);
    }
    hits.sort((one, other) => other[0] - one[0]);
    return hits.map((hit) => hit[1]);
  };

  const element = (name, text, classes) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    if (classes) made.className = classes;
    return made;
  };

  const option = (entry, id) => {
    const item = element("li");
    item.id = id;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    const link = element("a");
    link.href = root + entry.address;
    link.tabIndex = -1;
    link.append(element("strong", entry.name), " ", element("span", KINDS[entry.kind], "badge"));
    if (entry.of) link.append(" ", element("small", entry.of));
    if (entry.bad) link.append(" ", element("span", entry.bad > 1 ? "✗ unhealthy" : "! warning",
      `badge ${entry.bad > 1 ? "bad" : "warn"}`));
    if (entry.said) link.append(element("span", entry.said, "said"));
    item.append(link);
    return item;
  };

  const bind = (form, number) => {
    const input = form.querySelector("input");
    const list = element("ul");
    const count = element("span");
    form.hidden = false;
    list.id = `results-${number}`;
    list.hidden = true;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Results");
    count.className = "skip";
    count.setAttribute("role", "status");
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-controls", list.id);
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-autocomplete", "list");
    form.append(list, count);
    let chosen = -1;

    const choose = (next) => {
      const options = list.querySelectorAll("[role=option]");
      if (!options.length) return;
      options[chosen]?.setAttribute("aria-selected", "false");
      chosen = (next + options.length) % options.length;
      options[chosen].setAttribute("aria-selected", "true");
      options[chosen].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", options[chosen].id);
    };
    const close = () => {
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    };
    const show = () => {
      const began = performance.now();
      const hits = search(input.value);
      const typed = input.value.trim() !== "";
      chosen = -1;
      list.replaceChildren(...hits.slice(0, MOST).map((hit, at) => option(hit, `${list.id}-${at}`)));
      if (typed && !hits.length) list.append(element("li", "Nothing is found.", "none"));
      if (hits.length > MOST) {
        list.append(element("li", `${hits.length - MOST} more; type on to narrow it down.`, "none"));
      }
      count.textContent = typed ? `${hits.length} results` : "";
      list.hidden = !typed;
      input.setAttribute("aria-expanded", String(typed));
      input.removeAttribute("aria-activedescendant");
      if (hits.length) choose(0);
      form.dataset.took = String(performance.now() - began);
      form.dataset.asked = input.value;
    };
    input.addEventListener("focus", load);
    input.addEventListener("input", () => load().then(show));
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") choose(chosen + 1);
      else if (event.key === "ArrowUp") choose(chosen - 1);
      else if (event.key === "Escape") close();
      else return;
      event.preventDefault();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      list.querySelectorAll("[role=option] a")[Math.max(chosen, 0)]?.click();
    });
    form.addEventListener("focusout", (event) => {
      if (!form.contains(event.relatedTarget)) setTimeout(close, 150);
    });
  };

  document.querySelector(".no-script")?.remove();
  const forms = [...document.querySelectorAll("form.search")];
  forms.forEach(bind);
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      forms.at(-1)?.querySelector("input").focus();
    }
  });

  for (const code of document.querySelectorAll(".code")) {
    const button = element("button", "Copy", "copy");
    button.type = "button";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.querySelector("pre").textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code.querySelector("pre"));
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    code.append(button);
  }
})();
