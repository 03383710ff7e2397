// Search in the pages, off the disk as well: the index is a script, loaded at the first letter.
"use strict";
(() => {
  const { index, base } = document.currentScript.dataset;
  const form = document.querySelector("header form");
  const input = document.getElementById("search");
  const list = document.getElementById("found");
  let places; // [{ where, title, text }], lower case beside it

  const load = () => new Promise((done) => {
    const script = document.createElement("script");
    script.src = index;
    script.onload = () => {
      const pages = new Map();
      places = INDEX.docs.map(({ location, title, text }) => {
        if (!location.includes("#")) pages.set(location, title);
        const page = pages.get(location.split("#")[0]) || "";
        return { location, title, page, text, sought: `${page} ${title} ${text}`.toLowerCase() };
      });
      done();
    };
    document.head.append(script);
  });

  // A place counts if it has every word; words of the title weigh most, and of equals a section,
  // which is shorter than its page.
  const weigh = (place, words) => words.reduce((sum, word) => {
    if (sum === 0 || !place.sought.includes(word)) return 0;
    const title = place.title.toLowerCase();
    return sum + (title === word ? 30 : title.includes(word) ? 10 : 1);
  }, place.location.includes("#") ? 1.5 : 1);

  const show = (words) => {
    const found = places
      .map((place) => [weigh(place, words), place])
      .filter(([weight]) => weight > 0)
      .sort((a, b) => b[0] - a[0])
      .slice(0, 12);
    list.replaceChildren(...found.map(([, place]) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      const from = document.createElement("small");
      link.href = `${base}/${place.location}`;
      link.textContent = place.title;
      from.textContent = place.page === place.title ? "" : ` ${place.page}`;
      link.append(from);
      item.append(link);
      return item;
    }));
    if (!found.length) list.innerHTML = "<li>Nothing has all these words.</li>";
  };

  input.addEventListener("input", async () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return list.replaceChildren();
    if (!places) await load();
    show(words);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    list.querySelector("a")?.click();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== input) {
      event.preventDefault();
      input.focus();
    }
    if (event.key === "Escape") list.replaceChildren();
  });
  form.hidden = false;
})();
