/** The dialect's name: its folder, what its payments carry, and what its keys are bound to. */
export const name = 'monetiflow'
