export { Gate } from './gate'
export { JoinPage } from './join-page'
export { SignInPage } from './sign-in-page'
export { SignUpPage } from './sign-up-page'
