/** The dialect's name: its folder, and what its keys are bound to. */
export const name = 'paylect'
