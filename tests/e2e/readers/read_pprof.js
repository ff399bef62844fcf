// Reads a pprof file with Datadog's reader and prints what it holds as JSON; fails if it is no valid profile.
"use strict";

const fs = require("fs");
const path = require("path");
const zlib = require("zlib");

const [, , folder, file] = process.argv;
const { Profile } = require(path.join(folder, "node_modules", "pprof-format"));
const profile = Profile.decode(zlib.gunzipSync(fs.readFileSync(file)));

const text = (index) => {
  const found = profile.stringTable.strings[Number(index)];
  if (found === undefined) throw new Error(`no string ${index}`);
  return found;
};
const byId = (items, kind) => {
  const found = new Map(items.map((item) => [Number(item.id), item]));
  if (found.has(0) || found.size !== items.length) throw new Error(`numbers of ${kind} are not unique or 0`);
  return (id) => {
    if (!found.has(Number(id))) throw new Error(`no ${kind} ${id}`);
    return found.get(Number(id));
  };
};
const location = byId(profile.location, "location");
const functionOf = byId(profile.function, "function");
if (text(0) !== "") throw new Error("string 0 is not empty");

const samples = profile.sample.map((sample) => {
  if (sample.value.length !== profile.sampleType.length) throw new Error("a sample lacks values");
  return {
    values: sample.value.map(Number),
    frames: sample.locationId.map((id) => {
      const [line] = location(id).line;
      const its = functionOf(line.functionId);
      return { name: text(its.name), file: text(its.filename), line: Number(line.line) };
    }),
  };
});
const types = profile.sampleType.map((type) => [text(type.type), text(type.unit)]);
console.log(JSON.stringify({ types, chosen: text(profile.defaultSampleType), samples }));
