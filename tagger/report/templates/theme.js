// Light, dark, or as the system has it; the choice is kept where the browser keeps any.

{
  const THEMES = ["auto", "light", "dark"];
  const button = element("theme");
  const kept = () => { try { return localStorage.getItem("tagger-theme"); } catch { return null; } };
  const keep = (theme) => { try { localStorage.setItem("tagger-theme", theme); } catch { /* a private window */ } };
  const show = (theme) => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = { auto: "Theme: system", light: "Theme: light", dark: "Theme: dark" }[theme];
    button.value = theme;
    document.dispatchEvent(new Event("themechange"));
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(button.value) + 1) % THEMES.length];
    keep(next);
    show(next);
  });
  show(THEMES.includes(kept()) ? kept() : "auto");
}
