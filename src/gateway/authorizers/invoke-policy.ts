/** Whether the policy that an authorizer's function returned lets a request in (API Gateway, "Output from an API Gateway Lambda authorizer"). Pure. */

export type Judgement = "allowed" | "denied" | "not allowed";

/** `methodArn` is "arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH". An explicit Deny goes before every Allow. */
export function judge(policy: unknown, methodArn: string): Judgement {
  const statements = [memberOf(policy, "Statement")].flat().filter((one) => typeof one === "object" && one !== null);
  let judgement: Judgement = "not allowed";
  for (const statement of statements) {
    if (!isAbout(statement, methodArn)) continue;
    const effect = memberOf(statement, "Effect");
    if (effect === "Deny") return "denied";
    // DIFFERS: conditions of an authorizer's policy are not evaluated; what depends on one allows nothing.
    if (effect === "Allow" && memberOf(statement, "Condition") === undefined) judgement = "allowed";
  }
  return judgement;
}

const ACTION = "execute-api:Invoke";

function isAbout(statement: object, methodArn: string): boolean {
  return (
    covers(statement, "Action", (pattern) => fits(pattern.toLowerCase(), ACTION.toLowerCase())) &&
    covers(statement, "Resource", (pattern) => fits(pattern, methodArn))
  );
}

/** By the member itself or by what it leaves out: "NotAction", "NotResource". */
function covers(statement: object, name: "Action" | "Resource", isMeant: (pattern: string) => boolean): boolean {
  const left = memberOf(statement, `Not${name}`);
  return left === undefined ? textsOf(memberOf(statement, name)).some(isMeant) : !textsOf(left).some(isMeant);
}

function textsOf(value: unknown): readonly string[] {
  return [value].flat().filter((one) => typeof one === "string");
}

/** "*" is any text, "?" one character; in linear time, since both sides may be strangers'. */
export function fits(pattern: string, text: string): boolean {
  let [p, t, star, mark] = [0, 0, -1, 0];
  while (t < text.length) {
    if (p < pattern.length && (pattern[p] === "?" || (pattern[p] === text[t] && pattern[p] !== "*"))) {
      p++;
      t++;
    } else if (pattern[p] === "*") {
      star = p++;
      mark = t;
    } else if (star >= 0) {
      p = star + 1;
      t = ++mark;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}

function memberOf(of: unknown, name: string): unknown {
  return typeof of === "object" && of !== null && Object.hasOwn(of, name)
    ? (of as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
