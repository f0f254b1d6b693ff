// What this tab remembers by itself. It is emptied when the tab is closed, and a browser may refuse it altogether.

const read = (store, name) => {
  try { return JSON.parse(store().getItem(name)); } catch { return null; }
};
const write = (store, name, value) => {
  try {
    if (value === null) store().removeItem(name);
    else store().setItem(name, JSON.stringify(value));
  } catch { /* not kept: then a reload forgets it, as without this file */ }
};
const tab = () => sessionStorage;
const device = () => localStorage;

export const remembered = (name) => read(tab, name);
export const remember = (name, value) => write(tab, name, value);
export const setting = (name) => read(device, name);
export const keepSetting = (name, value) => write(device, name, value);
