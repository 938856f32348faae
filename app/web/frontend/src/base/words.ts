// The handful of sentences that plain pages say without a server.

export interface RevealWords {
  title: string;
  tell_the_patient: string;
  compare: string;
  correct: string;
  call_by_other_means: string;
  other: string;
  otherPlaceholder: string;
  show: string;
  failed: string;
  shown: string;
}

interface PageWords {
  offline: string;
  serverError: string;
  dismiss: string;
  reveal: RevealWords;
}

const WORDS: Record<string, PageWords> = {
  "zh-Hans": {
    offline: "与服务器的连接已断开，内容没有提交。连接恢复后请再试一次。",
    serverError: "服务器未能完成这一操作，您填写的内容仍在页面上。请再试一次。",
    dismiss: "关闭",
    reveal: {
      title: "为什么要查看？",
      tell_the_patient: "告知患者登记的内容",
      compare: "与证件或单据核对",
      correct: "更正档案",
      call_by_other_means: "用其他方式联系患者",
      other: "其他原因",
      otherPlaceholder: "用几个字说明",
      show: "查看",
      failed: "无法显示，请再试一次。",
      shown: "已完整显示，30 秒后重新隐藏。",
    },
  },
  "zh-Hant": {
    offline: "與伺服器的連線已中斷，內容尚未送出。連線恢復後請再試一次。",
    serverError: "伺服器未能完成這項操作，您填寫的內容仍在頁面上。請再試一次。",
    dismiss: "關閉",
    reveal: {
      title: "為什麼要查看？",
      tell_the_patient: "告知病患登記的內容",
      compare: "與證件或單據核對",
      correct: "更正檔案",
      call_by_other_means: "以其他方式聯絡病患",
      other: "其他原因",
      otherPlaceholder: "用幾個字說明",
      show: "查看",
      failed: "無法顯示，請再試一次。",
      shown: "已完整顯示，30 秒後重新隱藏。",
    },
  },
  en: {
    offline: "The connection to the server is lost; nothing was sent. Try again when it is back.",
    serverError: "The server could not do this. What you typed is still on the page; try again.",
    dismiss: "Dismiss",
    reveal: {
      title: "Why do you need it?",
      tell_the_patient: "To tell the patient what is on record",
      compare: "To compare it with a document",
      correct: "To correct the record",
      call_by_other_means: "To reach the patient by other means",
      other: "Another reason",
      otherPlaceholder: "In a few words",
      show: "Show",
      failed: "It cannot be shown now. Try again.",
      shown: "Shown in full; hidden again in 30 seconds.",
    },
  },
};

const CHINESE = WORDS["zh-Hans"] as PageWords;

export function pageWords(): PageWords {
  return WORDS[document.documentElement.lang] ?? CHINESE;
}
