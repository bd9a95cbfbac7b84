interface Asked<Question, Answer> {
  question: Question;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/**
 * Answers many that ask the same of the system with one look: whoever asks while a look is under way is answered by the
 * next, with all who have asked by then. So an answer is never older than its question, and hundreds that ask at once
 * cost as much as one.
 *
 * @param answer the answers to these questions, in their order; what it throws is thrown to each of them
 */
export function inRounds<Question, Answer>(
  answer: (questions: readonly Question[]) => Promise<readonly Answer[]>,
): (question: Question) => Promise<Answer> {
  let waiting: Asked<Question, Answer>[] = [];
  let looking = false;

  async function look(): Promise<void> {
    while (waiting.length > 0) {
      const round = waiting;
      waiting = [];
      try {
        const answers = await answer(round.map(({ question }) => question));
        round.forEach(({ resolve }, index) => resolve(answers[index] as Answer));
      } catch (error) {
        for (const { reject } of round) reject(error);
      }
    }
    looking = false;
  }

  return (question) =>
    new Promise((resolve, reject) => {
      waiting.push({ question, resolve, reject });
      if (looking) return;
      looking = true;
      void look();
    });
}
