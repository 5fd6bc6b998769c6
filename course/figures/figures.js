"use strict";
// What moves a page's figures. Each of them is whole without: this shows its slider, and draws anew.

const draw = {
  // The norm of the gradient against the steps back: for radius 1 it is measured, and each step
  // multiplies by the radius once more.
  radius(figure, norms, value) {
    const points = norms.map((norm, back) => {
      const size = Math.log10(norm * value ** back);
      return `${60 + back * 9},${130 - Math.max(-10, Math.min(10, size)) * 11}`;
    });
    figure.querySelector(".curve").setAttribute("points", points.join(" "));
    const last = norms.length - 1;
    return [value.toFixed(2), last, (norms[last] * value ** last).toExponential(0)];
  },

  // The softmax of scores whose size is the root of the width, as they come and divided by it.
  scale(figure, scores, exponent) {
    const width = 2 ** exponent;
    const raw = softmax(scores.map((score) => score * Math.sqrt(width)));
    const scaled = softmax(scores);
    bars(figure.querySelectorAll(".raw"), raw);
    bars(figure.querySelectorAll(".scaled"), scaled);
    return [width, Math.max(...raw).toFixed(2), Math.max(...scaled).toFixed(2)];
  },

  // The weights by which one letter that is written looks at those that are read.
  alignment(figure, weights, step) {
    bars(figure.querySelectorAll(".weight"), weights[step]);
    const letters = [...figure.querySelectorAll(".written")];
    letters.forEach((letter, i) => letter.classList.toggle("chosen", i === step));
    const most = weights[step].indexOf(Math.max(...weights[step]));
    return [letters[step].textContent, letters[most].textContent, weights[step][most].toFixed(2)];
  },

  // How often three networks know what "it" is, at each of a few lengths.
  pronoun(figure, lengths, place) {
    const facts = lengths[place];
    bars(figure.querySelectorAll(".network"), facts[facts.length - 1]);
    return facts;
  },
};

function softmax(scores) {
  const most = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - most));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

function bars(rectangles, shares) {
  rectangles.forEach((bar, i) => {
    bar.setAttribute("height", 180 * shares[i]);
    bar.setAttribute("y", 210 - 180 * shares[i]);
  });
}

for (const figure of document.querySelectorAll("figure.moves")) {
  const slider = figure.querySelector("input");
  const told = figure.querySelector("output");
  const values = JSON.parse(figure.dataset.values);
  const update = () => {
    const facts = draw[figure.dataset.draws](figure, values, Number(slider.value));
    told.textContent = told.dataset.says.replace(/\{(\d)\}/g, (_, i) => facts[i]);
    slider.setAttribute("aria-valuetext", told.textContent);
  };
  slider.addEventListener("input", update);
  figure.querySelectorAll(".written").forEach((letter, i) => {
    letter.addEventListener("pointerenter", () => {
      slider.value = i;
      update();
    });
  });
  figure.querySelector("label").hidden = false;
  update();
}
