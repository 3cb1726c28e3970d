// Returns the texts of a drawing that reach over the edge of their box.
() => {
  const over = (text, box) => text.x < box.x || text.x + text.width > box.x + box.width || text.y < box.y || text.y + text.height > box.y + box.height;
  return [...document.querySelectorAll("g")].flatMap(group => {
    const children = [...group.children], box = children.filter(each => each.tagName === "rect" && each.getAttribute("rx")).at(-1).getBBox();
    return children.filter(each => each.tagName === "text" && over(each.getBBox(), box)).map(each => each.textContent);
  });
}
