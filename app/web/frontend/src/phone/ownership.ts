export interface Ownership {
  gained: () => void;
  lost: () => void;
}

/**
 * Wait until this window owns the agent's phone, and keep it for as long as the window lives. `takeOver` takes it from the
 * window that has it. The browser gives the lock back when a page goes away, also by a crash.
 */
export class PhoneOwnership {
  private readonly name: string;

  constructor(
    agent: string,
    private readonly told: Ownership,
  ) {
    this.name = `wardline-phone-${agent}`;
  }

  wait(): void {
    void this.request({});
  }

  takeOver(): void {
    void this.request({ steal: true });
  }

  private async request(options: LockOptions): Promise<void> {
    try {
      await navigator.locks.request(this.name, options, () => {
        this.told.gained();
        return new Promise<never>(() => {});
      });
    } catch {
      // Another window took it over. This one waits in line, should that window go away.
      this.told.lost();
      this.wait();
    }
  }
}
