// The map with its filters, the list of what they find, the command that asks the same, and the player.

const MAP_STEPS = 10000, ENERGY_STEPS = 1000;
const LIST_STEP = innerWidth < 640 ? 20 : 60;
const MISSING = 1, SILENT = 2, DAMAGED = 4, SURE = 8, SAID_GENRE = 16, SAID_ENERGY = 32, SAID_BPM = 64, SURE_OF_KEY = 128;

async function explore() {
  const tracks = await unpacked(element("data").textContent);
  const n = tracks.title.length;
  const artistOf = (i) => tracks.artists[tracks.artist[i]] ?? "";
  const nameOf = (i) => (artistOf(i) ? `${artistOf(i)} – ` : "") + tracks.title[i];
  const genreOf = (i) => tracks.genres[tracks.genre[i]] ?? null;
  const genresOf = (i) => [tracks.genre[i], ...(tracks.further[i] ?? [])];
  const colourOf = (genre) => tracks.colours[genre] ?? COLOURS.length - 1;
  const isA = (i, flag) => (tracks.flags[i] & flag) !== 0;

  // What is asked for

  const NOTHING = { artist: "", album: "", genres: [], levels: [1, 10], bpm: [null, null], key: -1, moods: [], words: [], sure: false };
  let asked = structuredClone(NOTHING);
  let isFound = new Uint8Array(n).fill(1);
  let found = [];

  const foldedNames = new Map();
  function matching(list, text) {
    if (!text) return null;
    if (!foldedNames.has(list)) foldedNames.set(list, tracks[list].map(folded));
    const wanted = folded(text);
    return new Set(foldedNames.get(list).flatMap((name, at) => (name.includes(wanted) ? [at] : [])));
  }

  // One tempo alone means half a beat around it, as `--bpm 124` does.
  function bpmRange() {
    const [least, most] = asked.bpm;
    if (least !== null && least === most) return [least - 0.5, most + 0.5];
    return [least ?? 0, most ?? 999];
  }

  function filter() {
    const artists = matching("artists", asked.artist), albums = matching("albums", asked.album);
    const genres = new Set(asked.genres), moods = new Set(asked.moods);
    const [least, most] = asked.levels, anyLevel = least === 1 && most === 10;
    const mixing = asked.key < 0 ? null : new Set(tracks.mixing[asked.key]);
    const anyBpm = asked.bpm[0] === null && asked.bpm[1] === null, [slowest, fastest] = bpmRange();
    isFound = new Uint8Array(n);
    found = [];
    for (let i = 0; i < n; i++) {
      if (genres.size && !genresOf(i).some((genre) => genres.has(genre))) continue;
      if (asked.sure && !isA(i, SURE)) continue;
      if (!anyLevel && !(tracks.level[i] >= least && tracks.level[i] <= most)) continue;
      if (!anyBpm && !(tracks.bpm[i] && tracks.bpm[i] >= slowest && tracks.bpm[i] <= fastest)) continue;
      if (mixing && !mixing.has(tracks.key[i])) continue;
      if (artists && !artists.has(tracks.artist[i])) continue;
      if (albums && !albums.has(tracks.album[i])) continue;
      if (moods.size && !moods.has(tracks.mood[i])) continue;
      if (!asked.words.every((word) => tracks.words[i].includes(word))) continue;
      isFound[i] = 1;
      found.push(i);
    }
  }

  // The command that asks for the same

  function filterWords() {
    const windows = tracks.is_windows, words = [];
    for (const genre of asked.genres) words.push(...option("--genre", tracks.genres[genre], windows));
    if (asked.sure) words.push("--min-confidence", tracks.sure_from);
    else if (asked.genres.length) words.push("--min-confidence", 0);
    const [least, most] = asked.levels;
    if (least === most) words.push("--energy", least === 1 ? "0-0.1" : least);
    else if (least > 1 || most < 10) words.push("--energy", `${least}-${most}`);
    const [slowest, fastest] = asked.bpm;
    if (slowest !== null && slowest === fastest) words.push("--bpm", slowest);
    else if (slowest !== null || fastest !== null) words.push(`--bpm=${slowest ?? ""}-${fastest ?? ""}`);
    if (asked.key >= 0) words.push("--mixes-with", tracks.wheel[asked.key]);
    for (const mood of asked.moods) words.push("--mood", tracks.moods[mood]);
    for (const word of asked.words) words.push(...option("--word", tracks.word_names[word], windows));
    for (const name of ["artist", "album"]) if (asked[name]) words.push(...option(`--${name}`, asked[name], windows));
    return words;
  }

  const options = () => tracks.options.map((word) => quoted(word, tracks.is_windows));

  function command() {
    const isClaimed = !asked.genres.some((genre) => tracks.unclaimed.includes(tracks.genres[genre]));
    if (!isClaimed) return ["tagger list", ...filterWords(), ...options()].join(" ");
    const sort = tracks.has_energy ? [] : ["--sort", "path"];
    return ["tagger playlist", ...filterWords(), ...sort, "-o", "selection.m3u8", ...options()].join(" ");
  }

  function aboutCommand() {
    const played = found.filter((i) => !isA(i, SILENT));
    const sounds = new Set(played.map((i) => tracks.sound[i])).size;
    if (sounds < found.length) return `The playlist has ${counted(sounds, "tracks")}: silence and second copies of a sound are left out.`;
    return "";
  }

  // The map

  const place = (value) => (value < 0 ? NaN : value / MAP_STEPS);
  const layouts = { sound: soundLayout(), energy: energyLayout() };

  function layout(places, more) {
    return { places, has: (i) => i >= 0 && !Number.isNaN(places[2 * i]), ...more };
  }

  function soundLayout() {
    if (!tracks.map.length) return null;
    return layout(Float32Array.from(tracks.map, place), { mostStretched: 1.7 });
  }

  function energyLayout() {
    const known = tracks.bpm.filter(Boolean);
    if (!known.length || !tracks.has_energy) return null;
    const slowest = 10 * Math.floor(known.reduce((a, b) => Math.min(a, b)) / 10);
    const fastest = 10 * Math.ceil((known.reduce((a, b) => Math.max(a, b)) + 0.1) / 10);
    const across = (bpm) => (bpm - slowest) / (fastest - slowest);
    const places = new Float32Array(2 * n).fill(NaN);
    for (let i = 0; i < n; i++) {
      if (tracks.bpm[i] && tracks.level[i] > 0) places.set([across(tracks.bpm[i]), tracks.energy[i] / ENERGY_STEPS], 2 * i);
    }
    const beats = [], levels = [];
    for (let bpm = slowest; bpm <= fastest; bpm += 20) beats.push([across(bpm), bpm]);
    for (let level = 1; level <= 10; level++) levels.push([level / 10, level]);
    return layout(places, {
      mostStretched: Infinity, ticks: { x: beats, y: levels }, names: ["beats a minute →", "energy level ↑"],
      bpmAt: (x) => slowest + x * (fastest - slowest),
    });
  }

  const plot = new Plot(element("points"), element("overlay"), tracks.genre.map(colourOf), COLOURS, {
    hover: (i, left, top) => { plot.mark(i); showTip(i, left, top); },
    click: (i) => { if (i >= 0) play(i); },
    box: chooseBox,
  });

  function chooseBox(one, other) {
    const shown = layouts.energy;
    const [left, right] = [one[0], other[0]].sort((a, b) => a - b), [low, high] = [one[1], other[1]].sort((a, b) => a - b);
    const whole = (value, least, most) => Math.min(most, Math.max(least, Math.round(value)));
    asked.bpm = [whole(shown.bpmAt(left), 0, 999), whole(shown.bpmAt(right), 0, 999)];
    const least = whole(10 * low, 0, 9) + 1;
    asked.levels = [least, Math.max(least, whole(10 * high, 1, 10))];
    update();
  }

  function showLayout(name) {
    const chosen = layouts[name];
    plot.show(chosen);
    for (const each of ["sound", "energy"]) element(`by-${each}`).setAttribute("aria-pressed", each === name);
    element("choose-area").hidden = name !== "energy";
    choosing(false);
    let nShown = 0;
    for (let i = 0; i < n; i++) nShown += chosen.has(i);
    const what = name === "sound" ? "What sounds alike lies together; the directions mean nothing." : "Drag a box with “Select a box” to ask for its energies and tempos.";
    const rest = n - nShown ? ` ${counted(n - nShown, "tracks")} without ${name === "sound" ? "an embedding" : "energy or tempo"} cannot be shown here.` : "";
    element("about-map").textContent = `${what}${rest} Click a track to hear it; the wheel zooms, dragging moves.`;
  }

  function choosing(is) {
    plot.isChoosing = is;
    element("choose-area").setAttribute("aria-pressed", is);
    element("overlay").classList.toggle("choosing", is);
  }

  function showTip(i, left, top) {
    const tip = element("tip"), overlay = element("overlay");
    overlay.classList.toggle("on-track", i >= 0);
    tip.hidden = i < 0;
    if (i < 0) return;
    tip.replaceChildren(made("b", nameOf(i)), ...detailsOf(i).map((text) => made("span", text)));
    const { clientWidth: width, clientHeight: height } = overlay;
    tip.style.left = `${Math.max(4, Math.min(left + 14, width - tip.offsetWidth - 4))}px`;
    tip.style.top = `${Math.max(4, top + 18 + tip.offsetHeight > height ? top - tip.offsetHeight - 10 : top + 18)}px`;
  }

  // Texts

  function made(kind, text) {
    const child = document.createElement(kind);
    child.textContent = text;
    return child;
  }

  function dot(genre) {
    const child = document.createElement("i");
    child.className = `c${colourOf(genre)}`;
    return child;
  }

  function shortOf(i) {
    const parts = [genreOf(i)];
    if (tracks.level[i] > 0) parts.push(`energy ${tracks.level[i]}${isA(i, SAID_ENERGY) ? "*" : ""}`);
    if (tracks.bpm[i]) parts.push(`${Math.round(tracks.bpm[i])}${isA(i, SAID_BPM) ? "*" : ""} BPM`);
    // As in lists, a key in doubt is told to who asks for keys alone.
    if (tracks.key[i] >= 0 && (isA(i, SURE_OF_KEY) || asked.key >= 0)) parts.push(`${tracks.keys[tracks.key[i]]} ${tracks.wheel[tracks.key[i]]}${isA(i, SURE_OF_KEY) ? "" : "?"}`);
    return parts.filter(Boolean).join(", ") || (isA(i, SILENT) ? "silent" : "");
  }

  function detailsOf(i) {
    const album = tracks.albums[tracks.album[i]], own = tracks.owns[tracks.own[i]];
    const sure = isA(i, SAID_GENRE) ? "you say so" : `${tracks.confidence[i]} %`;
    const genre = genreOf(i) && `${genresOf(i).map((one) => tracks.genres[one]).join(", ")}${isA(i, SURE) ? "" : "?"} (${sure})${own ? `, your tag: ${own}` : ""}`;
    const beat = shortOf(i).split(", ").slice(genreOf(i) ? 1 : 0).join(", ");
    const mood = tracks.moods[tracks.mood[i]];
    const words = tracks.words[i].slice(0, 6).map((word) => tracks.word_names[word]);
    const state = [isA(i, MISSING) && "missing at the last scan", isA(i, DAMAGED) && "damaged"].filter(Boolean).join(", ");
    const from = [album, tracks.year[i] || null].filter(Boolean).join(", ");
    const course = tracks.course.slice(3 * i, 3 * i + 3);
    const rise = new Set(course).size > 1 && !course.includes(-1) ? `energy ${course.join(" → ")} from beginning to end` : "";
    return [from, genre, [beat, mood].filter(Boolean).join(", "), rise, words.join(", "), state].filter(Boolean);
  }

  // The player

  let playing = -1;

  const pathOf = (i) => {
    const folder = tracks.folders[tracks.folder[i]][0], apart = tracks.is_windows ? "\\" : "/";
    return folder + (folder.endsWith(apart) ? "" : apart) + tracks.name[i];
  };
  const addressOf = (i) => tracks.folders[tracks.folder[i]][1] + (tracks.address[i] ?? encodeURIComponent(tracks.name[i]));

  function play(i) {
    playing = i;
    element("player").hidden = false;
    element("playing").textContent = nameOf(i);
    element("playing-what").textContent = shortOf(i);
    element("open").href = addressOf(i);
    element("copy-like").hidden = /[\p{C}\ufffd]/u.test(pathOf(i)) || !tracks.map.length;
    const audio = element("audio");
    audio.src = addressOf(i);
    audio.play().catch((error) => {
      if (playing === i && error.name !== "AbortError") element("playing-what").textContent = "This browser cannot play it; open the file.";
    });
  }

  element("close").addEventListener("click", () => {
    element("audio").pause();
    element("audio").removeAttribute("src");
    element("player").hidden = true;
  });
  element("copy-like").addEventListener("click", (event) => {
    const like = option("--like", pathOf(playing), tracks.is_windows);
    copyText(["tagger playlist", ...like, "-o", "like.m3u8", ...options()].join(" "), event.target);
  });

  // The list

  let nListed = 0;

  function listMore() {
    const rows = found.slice(nListed, nListed + LIST_STEP).map((i) => {
      const row = document.createElement("li"), button = document.createElement("button");
      button.type = "button";
      button.append(dot(tracks.genre[i]), nameOf(i));
      button.title = detailsOf(i).join("\n");
      button.addEventListener("click", () => play(i));
      button.addEventListener("pointerenter", () => plot.mark(i));
      button.addEventListener("pointerleave", () => plot.mark(-1));
      row.append(button, made("span", shortOf(i)));
      return row;
    });
    element("hits").append(...rows);
    nListed += rows.length;
    element("more").hidden = nListed >= found.length;
  }

  // The filters

  function toggle(list, value) {
    const at = list.indexOf(value);
    if (at < 0) list.push(value);
    else list.splice(at, 1);
    update();
  }

  function chip(label, isOn, act, mark) {
    const item = document.createElement("li"), button = document.createElement("button");
    button.type = "button";
    if (mark) button.append(mark);
    button.append(label);
    if (isOn !== null) button.setAttribute("aria-pressed", isOn);
    button.addEventListener("click", act);
    item.append(button);
    return item;
  }

  const nOf = new Map();
  for (let i = 0; i < n; i++) for (const genre of genresOf(i)) nOf.set(genre, (nOf.get(genre) ?? 0) + 1);
  const genres = [...nOf.keys()].filter((genre) => genre >= 0).sort((a, b) => nOf.get(b) - nOf.get(a));
  const genreChips = genres.map((genre) => {
    const item = chip(`${tracks.genres[genre]} `, false, () => toggle(asked.genres, genre), dot(genre));
    item.firstChild.append(made("small", number(nOf.get(genre))));
    return item;
  });
  element("genres").append(...genreChips);

  const moods = [...new Set(tracks.mood)].filter((mood) => mood >= 0).sort();
  const moodButtons = moods.map((mood) => chip(tracks.moods[mood], false, () => toggle(asked.moods, mood)).firstChild);
  element("moods").append(...moodButtons);
  element("moods").hidden = !moods.length;
  element("words").hidden = !tracks.word_names.length;
  for (const [at, word] of [...tracks.word_names.entries()].sort((a, b) => a[1].localeCompare(b[1]))) {
    element("word").append(new Option(word, at));
  }
  const inUse = new Set(tracks.key);
  for (const [at, key] of tracks.keys.entries()) {
    if (tracks.mixing[at].some((other) => inUse.has(other))) element("key").append(new Option(`${tracks.wheel[at]} ${key}`, at));
  }
  element("keys").hidden = element("key").options.length === 1;
  for (let level = 1; level <= 10; level++) for (const end of ["least", "most"]) element(`${end}-energy`).append(new Option(level, level));
  element("energies").hidden = !tracks.has_energy;
  element("tempos").hidden = !tracks.bpm.some(Boolean);
  element("sure").parentElement.hidden = !genres.length;

  // What is typed is shown when the hand rests: a hundred thousand names are looked through for it.
  let due = 0;
  const soon = () => { clearTimeout(due); due = setTimeout(update, 120); };

  function fromForm() {
    const bpm = (id) => (element(id).value === "" ? null : Math.min(999, Math.max(0, Math.round(element(id).valueAsNumber))));
    asked.artist = element("artist").value;
    asked.album = element("album").value;
    asked.key = element("key").value === "" ? -1 : Number(element("key").value);
    asked.sure = element("sure").checked;
    const levels = ["least-energy", "most-energy"].map((id) => Number(element(id).value)), tempos = ["least-bpm", "most-bpm"].map(bpm);
    asked.levels = levels.sort((a, b) => a - b);
    asked.bpm = tempos.includes(null) ? tempos : tempos.sort((a, b) => a - b);
    soon();
  }

  function toForm() {
    for (const [id, value] of [["artist", asked.artist], ["album", asked.album], ["least-energy", asked.levels[0]], ["most-energy", asked.levels[1]],
      ["least-bpm", asked.bpm[0] ?? ""], ["most-bpm", asked.bpm[1] ?? ""], ["key", asked.key < 0 ? "" : asked.key]]) {
      if (document.activeElement !== element(id) && element(id).value !== String(value)) element(id).value = value;
    }
    element("sure").checked = asked.sure;
    genreChips.forEach((item, at) => item.firstChild.setAttribute("aria-pressed", asked.genres.includes(genres[at])));
    moodButtons.forEach((button, at) => button.setAttribute("aria-pressed", asked.moods.includes(moods[at])));
    const words = asked.words.map((word) => chip(`${tracks.word_names[word]} ×`, null, () => toggle(asked.words, word)));
    element("chosen-words").replaceChildren(...words);
  }

  function update() {
    filter();
    toForm();
    plot.light(isFound);
    element("count").textContent = found.length === n ? counted(n, "tracks") : `${number(found.length)} of ${counted(n, "tracks")}`;
    element("command").textContent = command();
    element("about-command").textContent = aboutCommand();
    element("hits").replaceChildren();
    nListed = 0;
    listMore();
  }

  element("filters").addEventListener("input", (event) => { if (event.target.id !== "word") fromForm(); });
  element("filters").addEventListener("submit", (event) => event.preventDefault());
  element("word").addEventListener("change", (event) => {
    const word = event.target.value;
    event.target.value = "";
    if (word !== "" && !asked.words.includes(Number(word))) toggle(asked.words, Number(word));
  });
  element("filters").addEventListener("reset", () => {
    asked = structuredClone(NOTHING);
    setTimeout(update);
  });
  element("copy").addEventListener("click", (event) => copyText(command(), event.target));
  element("more").addEventListener("click", listMore);
  element("by-sound").addEventListener("click", () => showLayout("sound"));
  element("by-energy").addEventListener("click", () => showLayout("energy"));
  element("choose-area").addEventListener("click", () => choosing(!plot.isChoosing));
  element("zoom-in").addEventListener("click", () => plot.zoomBy(1.6));
  element("zoom-out").addEventListener("click", () => plot.zoomBy(1 / 1.6));
  element("zoom-all").addEventListener("click", () => plot.reset());
  document.addEventListener("themechange", () => plot.draw());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot.draw());
  addEventListener("beforeprint", () => plot.print(true));
  addEventListener("afterprint", () => plot.print(false));

  element("explorer").hidden = false;
  element("by-sound").hidden = !layouts.sound;
  element("by-energy").hidden = !layouts.energy;
  if (layouts.sound || layouts.energy) showLayout(layouts.sound ? "sound" : "energy");
  else for (const part of document.querySelectorAll(".views, #plot")) part.hidden = true;
  update();
  document.documentElement.dataset.ready = "yes";
}

if ("DecompressionStream" in window) explore();
else element("unsupported").hidden = false;
