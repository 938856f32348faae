import { computed, reactive } from "vue";
import { useI18n } from "vue-i18n";

import { knownPatient } from "./callView";
import { maskNumber } from "./masking";
import { useDesk } from "./store";

/** Who is on the line, in the words of the page. */
export function useCaller() {
  const { t } = useI18n({ useScope: "global" });
  const desk = useDesk();
  const patient = computed(() => knownPatient(desk.call));
  const person = usePersonWords();

  // What the telephone itself signals is masked here: the server, which masks everything else, may be out of reach.
  const ownNumber = computed(() => {
    const number = desk.call.number ?? "";
    return desk.config.is_masked === true && desk.call.call === null ? maskNumber(number) : number;
  });
  const colleague = computed(() => desk.call.call?.colleague ?? null);
  const numberShown = computed(() => desk.call.call?.number_display || ownNumber.value || t("call.noNumber"));
  const name = computed(() => {
    if (desk.call.stage === "none") return null;
    if (colleague.value !== null) return colleague.value.name;
    if (patient.value !== null) return person.name(patient.value);
    if (desk.call.call === null) return numberShown.value;
    const count = desk.call.call.candidates.length;
    if (count === 0 && desk.call.call.is_outside_scope) return t("scope.outside");
    return count > 1 ? t("call.severalPeople", { count }) : t("call.unknown");
  });

  return reactive({
    patient,
    name,
    numberShown: computed(() =>
      name.value === numberShown.value || colleague.value !== null ? null : numberShown.value,
    ),
    sexAndAge: computed(() => (patient.value === null ? null : person.sexAndAge(patient.value))),
  });
}

interface Described {
  name: string;
  sex: string | null;
  age: number | null;
  relation: string | null;
  calling_for: string | null;
  caller_name?: string | null;
}

/** How a person is named and described everywhere on the desk. */
export function usePersonWords() {
  const { t, te } = useI18n({ useScope: "global" });

  function sex(of: Described): string | null {
    if (of.sex === "F") return t("person.female");
    return of.sex === "M" ? t("person.male") : null;
  }

  function relationWord(of: Described): string | null {
    if (of.relation === null) return null;
    return te(`relation.${of.relation}`) ? t(`relation.${of.relation}`) : of.relation;
  }

  return {
    /** The patient's name; when a contact person calls, whom the call is for comes first of all. */
    name: (of: Described): string => (of.calling_for === null ? of.name : t("call.callingFor", { name: of.calling_for })),
    sexAndAge: (of: Described): string =>
      [sex(of), of.age === null ? null : t("person.age", { age: of.age })].filter((word) => word !== null).join(" · "),
    /** A language in the words of the patient's record; one that is not among them as it was written. */
    language: (tag: string): string => (te(`language.${tag}`) ? t(`language.${tag}`) : tag),
    /** Who calls for the patient, by name where we have one, and what they are to each other. */
    fromContact: (of: Described): string => {
      const relation = relationWord(of) ?? t("relation.other");
      if (!of.caller_name) return t("person.fromUnnamed", { relation });
      return t("person.fromContact", { caller: of.caller_name, relation });
    },
  };
}
