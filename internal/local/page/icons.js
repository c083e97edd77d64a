// The few pictures of the page. They are decoration: words stand beside them or
// in a label.

const paths = {
  bolt: "M11 2 4 12h5l-1 6 8-11h-5z",
  eye: "M1.5 10S4.5 4.500 10 4.500 18.500 10 18.500 10 15.500 15.500 10 15.500 1.500 10 1.500 10zM10 7.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5z",
  more: "M10 5.600a1.600 1.600 0 1 1 0-3.200 1.600 1.600 0 0 1 0 3.200zm0 6a1.600 1.600 0 1 1 0-3.200 1.600 1.600 0 0 1 0 3.200zm0 6a1.600 1.600 0 1 1 0-3.200 1.600 1.600 0 0 1 0 3.200z",
  send: "M2.500 3.200 18 10 2.500 16.800 4 11l7-1-7-1z",
  warning: "M10 2 1 18h18zM9 8h2v5H9zm0 6h2v2H9z",
  file: "M5 2h7l4 4v12H5zm6.500 1.500V7H15z",
  reply: "M8 4v3c6 0 9 3 9.500 9-2-3-5-4-9.500-4v3L2 9.500z",
  signal: "M2 13h3v4H2zm4.500-3h3v7h-3zM11 7h3v10h-3zm4.500-4h3v14h-3z",
  wifi: "M10 14.500 7.600 12.100a3.400 3.400 0 0 1 4.800 0zm-4-4a5.700 5.700 0 0 1 8 0l1.500-1.500a7.800 7.800 0 0 0-11 0zM2.800 7.200a10.200 10.200 0 0 1 14.400 0l1.400-1.400a12.200 12.200 0 0 0-17.200 0z",
  battery: "M1 6h16v8H1zm1.500 1.500v5h13v-5zm1 1h10v3h-10zM18 8.500h1.500v3H18z",
};

/** icon is one of the pictures, as high as the text around it. */
export function icon(name) {
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  picture.setAttribute("viewBox", "0 0 20 20");
  picture.setAttribute("aria-hidden", "true");
  picture.setAttribute("class", `icon icon-${name}`);
  path.setAttribute("d", paths[name]);
  path.setAttribute("fill-rule", "evenodd");
  picture.append(path);
  return picture;
}
