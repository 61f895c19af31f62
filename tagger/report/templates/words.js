// What the page and the program must say alike: how texts are compared, and how a command is written.

const element = (id) => document.getElementById(id);

// As Python's casefold after NFC: capitals fold more than small letters do, but for the dotless i.
const folded = (text) =>
  text.normalize("NFC").split("ı").map((part) => part.toUpperCase().toLowerCase()).join("ı")
    .replaceAll("ς", "σ").normalize("NFC");

// Control characters would act when the command is pasted: the longest part without one is asked for.
function fitToPaste(text, isWindows) {
  const parts = text.split(isWindows ? /[\p{C}"]+/u : /\p{C}+/u);
  return parts.reduce((longest, part) => (part.length > longest.length ? part : longest), "");
}

// A word of a command line, for a POSIX shell or for PowerShell, which doubles a quote.
function quoted(word, isWindows) {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", isWindows ? "''" : "'\\''")}'`;
}

// An option with its value; what begins with a minus is bound to it.
function option(name, value, isWindows) {
  const text = fitToPaste(String(value), isWindows);
  return text.startsWith("-") ? [quoted(`${name}=${text}`, isWindows)] : [name, quoted(text, isWindows)];
}

const number = (count) => count.toLocaleString("en");
const counted = (count, noun) => `${number(count)} ${count === 1 ? noun.replace(/s$/, "") : noun}`;

async function copyText(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  const said = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = said; }, 1500);
}

async function unpacked(base64) {
  const letters = atob(base64);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}
